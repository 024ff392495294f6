using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A clock that tests move, and that moves by itself, from timer to timer, while a test waits for something.</summary>
internal static class Clock
{
    public static FakeTimeProvider New() => new TimerClock();

    /// <summary>Lets made-up time pass until a task ends; fails the test when it does not within an hour of it.</summary>
    public static async Task<T> RunAsync<T>(this FakeTimeProvider clock, Task<T> task)
    {
        var limit = clock.GetUtcNow() + TimeSpan.FromHours(1);
        while (!task.IsCompleted)
        {
            Assert.That(clock.GetUtcNow(), Is.LessThan(limit), "it did not end within an hour of made-up time");
            await clock.StepAsync(limit, () => task.IsCompleted);
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
            await clock.StepAsync(until, () => false);
        await SettleAsync();
    }

    // Short steps while work sets timers; once none was set for a while, nothing happens before the next one is due.
    private static async Task StepAsync(this FakeTimeProvider clock, DateTimeOffset until, Func<bool> isOver)
    {
        var timers = (TimerClock)clock;
        var before = timers.Version;
        await SettleAsync();
        if (isOver())
            return;
        var now = clock.GetUtcNow();
        var next = now + TimerClock.ShortStep;
        if (timers.Version == before && timers.NextDue is var due && due > next)
            next = due;
        clock.Advance((next < until ? next : until) - now);
    }

    // Work that waits for no clock gets the processor until it is done, or waits.
    private static async Task SettleAsync()
    {
        for (var i = 0; i < 5; i++)
            await Task.Yield();
        await Task.Delay(1);
    }

    private static async Task<bool> Poll(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(1);
        return true;
    }

    /// <summary>Knows when its next timer is due, which a FakeTimeProvider does not tell.</summary>
    private sealed class TimerClock() : FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero))
    {
        public static readonly TimeSpan ShortStep = TimeSpan.FromMilliseconds(50);

        // How far a poll that no timer drives (UntilAsync) lets the clock run on in one step.
        private static readonly TimeSpan LongStep = TimeSpan.FromSeconds(1);
        private readonly Dictionary<Timer, DateTimeOffset> due = [];
        private int version;

        /// <summary>Another one after each timer that was set, changed or disposed.</summary>
        public int Version => Volatile.Read(ref version);

        public DateTimeOffset NextDue
        {
            get
            {
                lock (due)
                    return due.Values.Where(time => time > GetUtcNow()).Append(GetUtcNow() + LongStep).Min();
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(this);
            timer.Start(base.CreateTimer(callback, state, dueTime, period), dueTime);
            return timer;
        }

        private void Set(Timer timer, TimeSpan? dueTime)
        {
            lock (due)
            {
                if (dueTime is { } time && time != Timeout.InfiniteTimeSpan)
                    due[timer] = GetUtcNow() + time;
                else
                    due.Remove(timer);
            }
            Interlocked.Increment(ref version);
        }

        private sealed class Timer(TimerClock clock) : ITimer
        {
            private ITimer? inner;

            public void Start(ITimer timer, TimeSpan dueTime)
            {
                inner = timer;
                clock.Set(this, dueTime);
            }

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                clock.Set(this, dueTime);
                return inner!.Change(dueTime, period);
            }

            public void Dispose()
            {
                clock.Set(this, null);
                inner!.Dispose();
            }

            public async ValueTask DisposeAsync()
            {
                clock.Set(this, null);
                await inner!.DisposeAsync();
            }
        }
    }
}
