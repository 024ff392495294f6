namespace BeBiDa.Site.Tests;

/// <summary>Whether a job has been put back into the queue.</summary>
internal static class Requeues
{
    /// <summary>Waits until it has been, at least once.</summary>
    public static Task SeenAsync(Site site, int job) =>
        Eventually.HoldsAsync(
            $"job {job} is requeued",
            Eventually.Patience,
            async _ =>
                !(await site.Slurm.RunAsync("scontrol", ["show", "job", $"{job}"])).EnsureSucceeded().StandardOutput.Contains("Restarts=0")
        );
}
