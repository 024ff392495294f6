using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;
using k8s;
using k8s.Models;

namespace BeBiDa.Bench;

/// <summary>A line of slurmctld's log.</summary>
internal readonly partial record struct SlurmLog(DateTime Time, string Text)
{
    /// <summary>What was logged since it was so long.</summary>
    public static IEnumerable<SlurmLog> After(Site.Site site, int length) =>
        site
            .Slurm.Controller.ReadLog()[length..]
            .Split('\n')
            .Select(l => Line().Match(l))
            .Where(m => m.Success)
            .Select(m => new SlurmLog(DateTime.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture), m.Groups[2].Value));

    /// <summary>When a job was given its nodes.</summary>
    /// <exception cref="InvalidOperationException">That was not logged since.</exception>
    public static DateTimeOffset Allocation(Site.Site site, int length, int job) =>
        After(site, length)
            .First(line => Allocated().Match(line.Text) is { Success: true } found && found.Groups[1].Value == $"{job}")
            .Time;

    /// <summary>How long each hand-over took that was done since, in seconds.</summary>
    public static IEnumerable<double> HandOvers(Site.Site site, int length) =>
        After(site, length)
            .Select(line => HandOver().Match(line.Text))
            .Where(m => m.Success)
            .Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) / 1000);

    [GeneratedRegex(@" event=decommission outcome=done job=\d+ ms=(\d+)")]
    private static partial Regex HandOver();

    [GeneratedRegex(@"^\[([^\]]+)\] (.*)$")]
    private static partial Regex Line();

    [GeneratedRegex(@"(?:Allocate|Started) JobId=(\d+)")]
    private static partial Regex Allocated();
}

/// <summary>A batch job that notes when its first command runs.</summary>
internal sealed record NotingJob(Site.Site Site, int Id, string File)
{
    /// <summary>Submits one.</summary>
    public static async Task<NotingJob> SubmitAsync(Site.Site site, params string[] options)
    {
        var file = Path.Combine(site.Slurm.Directory, "jobs", "started");
        System.IO.File.Delete(file);
        // EPOCHREALTIME is bash's own: no process is started for a time stamp.
        var job = await site.Slurm.SubmitAsync([
            .. options,
            "--output=/dev/null",
            "--wrap",
            $"exec bash -c 'echo $EPOCHREALTIME > {file}'",
        ]);
        return new NotingJob(site, job, file);
    }

    /// <summary>When its first command ran; waits until the job has ended.</summary>
    public async Task<DateTimeOffset> StartAsync()
    {
        await Site.Slurm.WaitForJobEndAsync(Id);
        return DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(await System.IO.File.ReadAllTextAsync(File), CultureInfo.InvariantCulture));
    }
}

/// <summary>Pods that take 200 ms to end.</summary>
internal static class Pods
{
    /// <summary>Has one run on each of these nodes; a node may be named twice.</summary>
    public static async Task RunAsync(Site.Site site, IEnumerable<string> nodes)
    {
        foreach (var (i, node) in nodes.Index())
            await site.Client.CoreV1.CreateNamespacedPodAsync(
                new V1Pod
                {
                    Metadata = new V1ObjectMeta { Name = $"p{i}" },
                    Spec = new V1PodSpec { NodeName = node, Containers = [new V1Container { Name = "main", Image = "hollow" }] },
                },
                "default"
            );
        await Eventually.HoldsAsync(
            "the pods run",
            TimeSpan.FromSeconds(30),
            async _ => (await site.Client.CoreV1.ListNamespacedPodAsync("default")).Items.All(p => p.Status.Phase == "Running")
        );
    }
}
