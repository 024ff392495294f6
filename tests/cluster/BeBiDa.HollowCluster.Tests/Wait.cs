using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

/// <summary>Waiting for what must come, within a deadline that only a failure reaches.</summary>
internal static class Wait
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    public static async Task<T> UntilAsync<T>(string what, Func<Task<T>> look, Func<T, bool> holds)
    {
        var until = DateTime.UtcNow + s_deadline;
        while (true)
        {
            var seen = await look();
            if (holds(seen))
                return seen;
            if (DateTime.UtcNow > until)
                Assert.Fail($"waited in vain until {what}; last seen: {k8s.KubernetesJson.Serialize(seen!)}");
            await Task.Delay(s_look);
        }
    }
}
