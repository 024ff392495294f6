using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

public class KeyedLockSpecs
{
    private readonly KeyedLock locks = new();

    [Test]
    public async Task Work_for_one_key_is_done_one_at_a_time_and_in_order()
    {
        var order = new List<int>();
        var atOnce = 0;
        var work = Enumerable
            .Range(0, 50)
            .Select(i =>
                locks.RunAsync(
                    "n1",
                    async () =>
                    {
                        Assert.That(Interlocked.Increment(ref atOnce), Is.EqualTo(1));
                        await Task.Yield();
                        order.Add(i);
                        return Interlocked.Decrement(ref atOnce);
                    },
                    default
                )
            )
            .ToList();
        await Task.WhenAll(work);
        Assert.That(order, Is.EqualTo(Enumerable.Range(0, 50)));
    }

    [Test]
    public async Task Keys_do_not_wait_for_one_another()
    {
        var gate = new TaskCompletionSource<int>();
        var first = locks.RunAsync("n1", () => gate.Task, default);
        Assert.That(await locks.RunAsync("n2", () => Task.FromResult(2), default), Is.EqualTo(2));
        gate.SetResult(1);
        Assert.That(await first, Is.EqualTo(1));
    }

    [Test]
    public async Task What_is_given_up_before_its_turn_is_not_done_and_keeps_nobody_waiting()
    {
        var gate = new TaskCompletionSource<int>();
        using var stop = new CancellationTokenSource();
        var first = locks.RunAsync("n1", () => gate.Task, default);
        var second = locks.RunAsync("n1", () => Task.FromException<int>(new AssertionException("it was done")), stop.Token);
        var third = locks.RunAsync("n1", () => Task.FromResult(3), default);
        await stop.CancelAsync();
        Assert.That(async () => await second, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(third.IsCompleted, Is.False);
        gate.SetResult(1);
        Assert.That((await first, await third), Is.EqualTo((1, 3)));
    }

    [Test]
    public async Task Work_that_fails_lets_the_next_go_on()
    {
        Assert.That(
            async () => await locks.RunAsync<int>("n1", () => throw new InvalidOperationException("failed"), default),
            Throws.InvalidOperationException
        );
        Assert.That(await locks.RunAsync("n1", () => Task.FromResult(2), default), Is.EqualTo(2));
    }
}
