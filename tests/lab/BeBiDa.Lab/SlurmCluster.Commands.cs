using System.Collections;
using System.Text;
using CliWrap;
using CliWrap.Buffered;

namespace BeBiDa.Lab;

public sealed partial class SlurmCluster
{
    // Settings of a Slurm around us would steer the commands that talk to this one.
    private static readonly string[] ForeignPrefixes = ["SLURM_", "SLURMD_", "SBATCH_", "SALLOC_", "SQUEUE_", "SINFO_", "SCANCEL_"];

    /// <summary>Runs one of Slurm's commands, or any other, against this cluster, whatever its exit code.</summary>
    public async Task<CommandResult> RunAsync(
        string command,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken = default
    )
    {
        var result = await Cli.Wrap(command)
            .WithArguments(arguments)
            .WithWorkingDirectory(Path.Combine(Directory, "jobs"))
            .WithEnvironmentVariables(Environment)
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        return new CommandResult($"{command} {string.Join(' ', arguments)}", result.ExitCode, result.StandardOutput, result.StandardError);

        void Environment(CliWrap.Builders.EnvironmentVariablesBuilder environment)
        {
            foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
            {
                var name = (string)variable.Key;
                if (ForeignPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
                    environment.Set(name, null);
            }
            environment.Set("SLURM_CONF", ConfigPath).Set(Reaper.Mark, Directory);
        }
    }

    /// <summary>Submits a batch job (arguments as for <c>sbatch</c>) and returns its number.</summary>
    public async Task<int> SubmitAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken = default)
    {
        var submitted = (await RunAsync("sbatch", ["--parsable", .. arguments], cancellationToken)).EnsureSucceeded();
        return int.Parse(submitted.StandardOutput.Trim().Split(';')[0]);
    }

    /// <summary>All jobs that slurmctld remembers; those that are over for five minutes.</summary>
    public Task<IReadOnlyList<SlurmJob>> JobsAsync(CancellationToken cancellationToken = default) => QueryAsync([], cancellationToken);

    /// <summary>A job with all its array tasks or heterogeneous components.</summary>
    public Task<IReadOnlyList<SlurmJob>> JobsAsync(int id, CancellationToken cancellationToken = default) =>
        QueryAsync(["-j", $"{id}"], cancellationToken);

    /// <summary>The jobs that run now: past their prologs, not yet in their epilogs.</summary>
    public async Task<IReadOnlyList<SlurmJob>> RunningJobsAsync(CancellationToken cancellationToken = default) =>
        [.. (await JobsAsync(cancellationToken)).Where(job => job.State == JobState.Running)];

    /// <summary>The state of a job that is neither an array nor heterogeneous.</summary>
    public async Task<JobState> JobStateAsync(int id, CancellationToken cancellationToken = default) =>
        (await JobsAsync(id, cancellationToken)).Single().State;

    /// <summary>Waits until a job, all its tasks and components, is in the given state.</summary>
    public Task<IReadOnlyList<SlurmJob>> WaitForJobAsync(int id, JobState state, CancellationToken cancellationToken = default) =>
        WaitForJobAsync(id, $"{state}", found => found == state, cancellationToken);

    /// <summary>Waits until a job, all its tasks and components, is over, however it ended.</summary>
    public Task<IReadOnlyList<SlurmJob>> WaitForJobEndAsync(int id, CancellationToken cancellationToken = default) =>
        WaitForJobAsync(id, "over", JobStates.IsOver, cancellationToken);

    /// <summary>
    /// The moment of the jobs that slurmctld has written down; what became of them since is lost in a crash. It makes the
    /// file as soon as it has gathered them (dump_all_job_state in job_mgr.c); written it is later.
    /// </summary>
    public DateTimeOffset JobsSaved => File.GetCreationTimeUtc(Path.Combine(Directory, "state", "job_state"));

    /// <summary>Waits until slurmctld has written down a job as it is now, and all others with it: no crash takes that back.</summary>
    /// <param name="id">Any job that slurmctld knows; its comment is changed, by which its record is known in the file.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task WaitForSavedJobAsync(int id, CancellationToken cancellationToken = default)
    {
        var mark = $"saved-{Guid.NewGuid():N}";
        (await RunAsync("scontrol", ["update", $"JobId={id}", $"Comment={mark}"], cancellationToken)).EnsureSucceeded();
        await Eventually.HoldsAsync(
            $"slurmctld has saved job {id}",
            _options.Patience,
            async cancel => await SavedJobsHaveAsync(mark, cancel),
            cancellationToken
        );
    }

    private async Task<bool> SavedJobsHaveAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            var saved = await File.ReadAllBytesAsync(Path.Combine(Directory, "state", "job_state"), cancellationToken);
            return saved.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text)) >= 0;
        }
        catch (FileNotFoundException) // slurmctld unlinks the old one before it links the new one there
        {
            return false;
        }
    }

    private async Task<IReadOnlyList<SlurmJob>> WaitForJobAsync(
        int id,
        string what,
        Func<JobState, bool> wanted,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<SlurmJob> jobs = [];
        await Eventually.HoldsAsync(
            $"job {id} is {what}",
            _options.Patience,
            async cancel => (jobs = await JobsAsync(id, cancel)).All(job => wanted(job.State)),
            cancellationToken,
            () => $"It is {string.Join(", ", jobs.Select(job => job.State))}."
        );
        return jobs;
    }

    private async Task<IReadOnlyList<SlurmJob>> QueryAsync(IReadOnlyList<string> filter, CancellationToken cancellationToken)
    {
        // One line for each array task also while it is pending. The name comes last: it may hold the separator.
        var listed = (
            await RunAsync("squeue", ["-h", "-r", "-t", "all", "-o", "%A|%i|%T|%N|%P|%j", .. filter], cancellationToken)
        ).EnsureSucceeded();
        var jobs = new List<SlurmJob>();
        var expanded = new Dictionary<string, IReadOnlyList<string>> { [""] = [] };
        foreach (var line in listed.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var field = line.Split('|', 6);
            if (!expanded.TryGetValue(field[3], out var nodes))
                expanded[field[3]] = nodes = await ExpandAsync(field[3], cancellationToken);
            jobs.Add(new SlurmJob(int.Parse(field[0]), field[1], JobStates.Parse(field[2]), nodes, field[4], field[5]));
        }
        return jobs;
    }

    private async Task<IReadOnlyList<string>> ExpandAsync(string nodeList, CancellationToken cancellationToken)
    {
        var hosts = (await RunAsync("scontrol", ["show", "hostnames", nodeList], cancellationToken)).EnsureSucceeded();
        return hosts.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
