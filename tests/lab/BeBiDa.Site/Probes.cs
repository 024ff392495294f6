using System.Globalization;
using BeBiDa.Lab;

namespace BeBiDa.Site;

/// <summary>When a job's own process was seen running on a node.</summary>
public sealed record ProbeRun(int Job, string Node, DateTimeOffset First, DateTimeOffset Last);

/// <summary>Jobs whose tasks write down, every 50 ms on each of their nodes, that they run.</summary>
public sealed class Probes
{
    private readonly string runs;

    public Probes(SlurmCluster slurm, string directory)
    {
        runs = Path.Combine(directory, "runs");
        Directory.CreateDirectory(runs);
        Script = Path.Combine(directory, "probe.sh");
        // EPOCHREALTIME is bash's own: no process is started for a time stamp.
        File.WriteAllText(
            Script,
            $$"""
            #!/bin/bash
            now=$EPOCHREALTIME
            end=$((${now/./} + $1 * 1000))
            file={{runs}}/$SLURM_JOB_ID.$SLURMD_NODENAME.$$
            echo "$now" > "$file"
            while now=$EPOCHREALTIME; echo "$now" >> "$file"; [ "${now/./}" -lt "$end" ]; do
                read -r -t 0.05 <> <(:) || :
            done

            """
        );
        File.SetUnixFileMode(Script, (UnixFileMode)0b111_101_101);
        Slurm = slurm;
    }

    private SlurmCluster Slurm { get; }

    /// <summary>The script that a task runs; its argument is for how many milliseconds.</summary>
    public string Script { get; }

    /// <summary>Submits a batch job whose tasks, one a node, run for a time.</summary>
    /// <returns>The job's number.</returns>
    public Task<int> SubmitAsync(TimeSpan time, params string[] options) => SubmitAsync(time, options, CancellationToken.None);

    /// <summary>The same, as long as it is not cancelled.</summary>
    public Task<int> SubmitAsync(TimeSpan time, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
        Slurm.SubmitAsync(
            [.. options, "--output=/dev/null", "--wrap", $"srun --ntasks-per-node=1 {Script} {time.TotalMilliseconds:0}"],
            cancellationToken
        );

    /// <summary>Runs an interactive job.</summary>
    public Task<CommandResult> RunAsync(TimeSpan time, params string[] options) => RunAsync(time, options, CancellationToken.None);

    /// <summary>The same, until srun ends or is cancelled, and so killed.</summary>
    public Task<CommandResult> RunAsync(TimeSpan time, IReadOnlyList<string> options, CancellationToken cancellationToken) =>
        Slurm.RunAsync("srun", [.. options, "--ntasks-per-node=1", Script, $"{time.TotalMilliseconds:0}"], cancellationToken);

    /// <summary>When and where the jobs ran, as they tell themselves.</summary>
    public IReadOnlyList<ProbeRun> Runs()
    {
        var all = new List<ProbeRun>();
        foreach (var file in Directory.EnumerateFiles(runs))
        {
            var name = Path.GetFileName(file).Split('.');
            var times = File.ReadAllLines(file).Where(l => l.Length > 0).Select(Time).ToList();
            if (times.Count > 0)
                all.Add(new ProbeRun(int.Parse(name[0], CultureInfo.InvariantCulture), name[1], times[0], times[^1]));
        }
        return [.. all.OrderBy(r => r.First)];
    }

    private static DateTimeOffset Time(string epoch) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds((double)(decimal.Parse(epoch, CultureInfo.InvariantCulture) * 1_000_000m));
}
