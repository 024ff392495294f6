namespace BeBiDa.Site.Tests;

/// <summary>Whether a job has been put back into the queue.</summary>
internal static class Requeues
{
    /// <summary>Waits until it has been, at least once.</summary>
    public static Task SeenAsync(Site site, int job) =>
        Eventually.HoldsAsync($"job {job} is requeued", Eventually.Patience, async _ => await CountAsync(site, job) > 0);

    /// <summary>How many times it has been.</summary>
    public static async Task<int> CountAsync(Site site, int job) =>
        int.Parse(
            (await site.Slurm.RunAsync("squeue", ["-h", "-t", "all", "-j", $"{job}", "-O", "RestartCnt"])).EnsureSucceeded().StandardOutput
        );
}
