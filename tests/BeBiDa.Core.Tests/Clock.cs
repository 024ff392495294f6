using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A clock that tests move, and that moves by itself in small steps while a test waits for something.</summary>
internal static class Clock
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    // A test that blocks a thread is not waited for without end.
    private const int MostLooks = 1000;

    // Threads that the test's runner keeps for itself never rest; so many are busy where nothing moves.
    private static int Resting = int.MaxValue;

    public static FakeTimeProvider New() => new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    /// <summary>Lets made-up time pass until a task ends; fails the test when it does not within an hour of it.</summary>
    public static async Task<T> RunAsync<T>(this FakeTimeProvider clock, Task<T> task)
    {
        var limit = clock.GetUtcNow() + TimeSpan.FromHours(1);
        while (!task.IsCompleted)
        {
            Assert.That(clock.GetUtcNow(), Is.LessThan(limit), "it did not end within an hour of made-up time");
            await SettleAsync();
            if (!task.IsCompleted)
                clock.Advance(Step);
        }
        return await task;
    }

    /// <summary>Lets made-up time pass until something holds.</summary>
    public static Task UntilAsync(this FakeTimeProvider clock, Func<bool> holds) => clock.RunAsync(Poll(holds));

    /// <summary>Lets made-up time pass.</summary>
    public static async Task PassAsync(this FakeTimeProvider clock, TimeSpan time)
    {
        var until = clock.GetUtcNow() + time;
        while (clock.GetUtcNow() < until)
        {
            await SettleAsync();
            clock.Advance(Step);
        }
        await SettleAsync();
    }

    /// <summary>Ends when nothing moves any more: all work has been done, or waits for a clock or for the test, however busy the host is.</summary>
    public static Task SettleAsync() => Task.Factory.StartNew(Settle, TaskCreationOptions.LongRunning);

    // On a thread that is none of the pool's: it sees them all.
    private static void Settle()
    {
        var looks = 0;
        for (var quiet = 0; quiet < 3 && looks < MostLooks; looks++)
        {
            var busy = BusyThreads();
            Resting = Math.Min(Resting, busy);
            quiet = ThreadPool.PendingWorkItemCount == 0 && busy == Resting ? quiet + 1 : 0;
            if (looks > 100)
                Thread.Sleep(1);
            else
                Thread.Yield();
        }
    }

    private static int BusyThreads()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var free, out _);
        return most - free;
    }

    private static async Task<bool> Poll(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(1);
        return true;
    }
}
