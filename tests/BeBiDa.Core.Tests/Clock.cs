using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A clock that tests move, and that moves by itself in small steps while a test waits for something.</summary>
internal static class Clock
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    // Threads that the test's runner keeps for itself never rest; so many are busy where nothing moves.
    private static int resting = int.MaxValue;

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

    // On a thread that is none of the pool's: it sees them all. How many never rest is learned: the fewest seen, and more
    // where nothing has moved for a while.
    private static void Settle()
    {
        var (quiet, still) = (0, 0);
        for (var (looks, before) = (0, (Busy: 0, Done: 0L)); quiet < 3; looks++)
        {
            var now = (Busy: BusyThreads(), Done: ThreadPool.CompletedWorkItemCount);
            var idle = ThreadPool.PendingWorkItemCount == 0;
            resting = Math.Min(resting, now.Busy);
            quiet = idle && now.Busy == resting ? quiet + 1 : 0;
            still = idle && now == before ? still + 1 : 0;
            before = now;
            if (quiet > 0)
                continue;
            if (looks < 50)
            {
                Thread.Yield();
                still = 0;
            }
            else if (still < 25)
            {
                Thread.Sleep(1);
            }
            else
            {
                resting = now.Busy;
            }
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
