using BeBiDa.Logs;
using BeBiDa.Reconciliation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

public class PeriodicReconciliationSpecs
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private readonly Lines log = new();
    private FakeTimeProvider clock = null!;
    private Func<int, ReconcileResult> repair = null!;
    private int looks;
    private PeriodicReconciliation reconciliation = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        log.All.Clear();
        looks = 0;
        repair = _ => Done;
    }

    [TearDown]
    public async Task TearDown() => await reconciliation.DisposeAsync();

    [Test]
    public async Task It_looks_at_once_and_then_within_every_interval()
    {
        Start();
        await LooksAsync(1);
        for (var minute = 2; minute < 6; minute++)
        {
            clock.Advance(Interval);
            await LooksAsync(minute);
        }
        Assert.That(log.All, Is.Empty);
    }

    [Test]
    public async Task What_cannot_be_repaired_is_tried_again_soon_and_told_once_as_is_its_end()
    {
        repair = look => look is 2 or 3 or 4 ? new ReconcileResult([], "slurmctld does not tell its jobs") : Done;
        Start();
        await LooksAsync(1);
        clock.Advance(Interval);
        await LooksAsync(2);
        foreach (var (look, after) in new[] { (3, 1), (4, 2), (5, 4) })
        {
            clock.Advance(TimeSpan.FromSeconds(after));
            await LooksAsync(look);
        }
        await Eventually(() => log.All.Count == 2);
        Assert.That(log.All[0], Does.StartWith("Error ").And.EndsWith("slurmctld does not tell its jobs"));
        Assert.That(log.All[1], Is.EqualTo("Information reconciliation succeeded again"));
    }

    [Test]
    public async Task It_looks_sooner_when_it_is_wanted_and_once_for_all_who_want_it_together()
    {
        Start();
        await LooksAsync(1);
        for (var i = 0; i < 100; i++)
            reconciliation.LookSoon();
        await Task.Delay(50);
        clock.Advance(TimeSpan.FromSeconds(1));
        await LooksAsync(2);
        clock.Advance(TimeSpan.FromSeconds(1));
        await LooksAsync(2);
    }

    [Test]
    public async Task However_often_it_is_wanted_it_looks_for_no_more_than_a_tenth_of_the_time()
    {
        repair = _ =>
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            return Done;
        };
        Start();
        await LooksAsync(1);
        reconciliation.LookSoon();
        await Task.Delay(50);
        clock.Advance(TimeSpan.FromSeconds(17));
        await LooksAsync(1);
        clock.Advance(TimeSpan.FromSeconds(2));
        await LooksAsync(2);
    }

    [Test]
    public async Task Whoever_wants_it_soon_gets_it_no_later_than_if_nobody_had()
    {
        repair = _ =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return Done;
        };
        Start();
        await LooksAsync(1);
        clock.Advance(TimeSpan.FromSeconds(50));
        reconciliation.LookSoon();
        await Task.Delay(50);
        clock.Advance(TimeSpan.FromSeconds(10));
        await LooksAsync(2);
    }

    [Test]
    public async Task A_bug_does_not_end_it()
    {
        repair = look => look == 2 ? throw new InvalidOperationException("a bug") : Done;
        Start();
        await Eventually(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Volatile.Read(ref looks) >= 3;
        });
        Assert.That(log.All[0], Does.Contain("a bug"));
    }

    [Test]
    public async Task While_slurmctld_starts_nothing_is_told()
    {
        repair = look => look < 4 ? new ReconcileResult([], "slurmctld does not tell its jobs") : Done;
        Start();
        foreach (var look in new[] { 1, 2, 3, 4 })
        {
            await LooksAsync(look);
            clock.Advance(TimeSpan.FromSeconds(1 << (look - 1)));
        }
        Assert.That(log.All, Is.Empty);
    }

    private static ReconcileResult Done => new([], null);

    private void Start() =>
        reconciliation = new PeriodicReconciliation(_ => Task.FromResult(repair(Interlocked.Increment(ref looks))), Interval, clock, log);

    // A look has ended, and the wait for the next has begun, when nothing moves any more.
    private async Task LooksAsync(int count)
    {
        await Eventually(() => Volatile.Read(ref looks) == count);
        await Task.Delay(50);
        Assert.That(looks, Is.EqualTo(count));
    }

    private static async Task Eventually(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(2000));
            await Task.Delay(5);
        }
    }

    private sealed class Lines : ILogger
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (logLevel >= LogLevel.Information)
                All.Add($"{logLevel} {LogLine.Of(state, exception, formatter)}");
        }
    }
}
