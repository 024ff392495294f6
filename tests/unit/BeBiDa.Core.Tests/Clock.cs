using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>A clock that tests move, and that moves by itself in small steps while a test waits for something.</summary>
internal static class Clock
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

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
}
