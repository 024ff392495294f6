using BeBiDa.Lab;
using k8s;
using k8s.Models;

namespace BeBiDa.Containers;

public sealed partial class ContainerLab
{
    /// <summary>Runs one of Slurm's commands on slurmctld's machine, as root or as a user, whatever its exit code.</summary>
    public Task<CommandResult> SlurmAsync(
        string command,
        IReadOnlyList<string> arguments,
        string? user = null,
        CancellationToken cancellationToken = default
    ) => ExecAsync(Controller, [command, .. arguments], user, cancellationToken: cancellationToken);

    /// <summary>Submits a batch job (arguments as for <c>sbatch</c>) and returns its number.</summary>
    public async Task<int> SubmitAsync(IReadOnlyList<string> arguments, string? user = null, CancellationToken cancellationToken = default)
    {
        var submitted = (await SlurmAsync("sbatch", ["--parsable", .. arguments], user, cancellationToken)).EnsureSucceeded();
        return int.Parse(submitted.StandardOutput.Trim().Split(';')[0]);
    }

    /// <summary>The state of a job, by Slurm's word for it: PENDING, CONFIGURING, RUNNING, COMPLETED, …</summary>
    public async Task<string> JobStateAsync(int job, CancellationToken cancellationToken = default) =>
        (await SlurmAsync("squeue", ["-h", "-t", "all", "-j", $"{job}", "-o", "%T"], null, cancellationToken))
            .EnsureSucceeded()
            .StandardOutput.Trim();

    /// <summary>Waits until a job is in a state.</summary>
    public async Task WaitForJobAsync(int job, string state, CancellationToken cancellationToken = default)
    {
        var seen = "";
        await Eventually.HoldsAsync(
            $"job {job} is {state}",
            options.Patience,
            async cancel => (seen = await JobStateAsync(job, cancel)) == state,
            cancellationToken,
            () => $"It is {seen}."
        );
    }

    /// <summary>The state of a node in Slurm, as sinfo writes it: idle, alloc, comp, drain, down*, …</summary>
    public async Task<string> SlurmStateAsync(string node, CancellationToken cancellationToken = default) =>
        (await SlurmAsync("sinfo", ["-h", "-p", "shared", "-n", node, "-o", "%t"], null, cancellationToken))
            .EnsureSucceeded()
            .StandardOutput.Trim();

    /// <summary>A node in Kubernetes.</summary>
    public Task<V1Node> NodeAsync(string node, CancellationToken cancellationToken = default) =>
        Client.CoreV1.ReadNodeAsync(node, cancellationToken: cancellationToken);

    /// <summary>The nodes that are Ready in Kubernetes.</summary>
    public async Task<IReadOnlyList<string>> ReadyNodesAsync(CancellationToken cancellationToken = default) =>
        [
            .. (await Client.CoreV1.ListNodeAsync(cancellationToken: cancellationToken))
                .Items.Where(node => node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true)
                .Select(node => node.Metadata.Name)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>The nodes that are idle in Slurm; none while slurmctld does not answer.</summary>
    public async Task<IReadOnlyList<string>> IdleNodesAsync(CancellationToken cancellationToken = default)
    {
        var idle = await SlurmAsync("sinfo", ["-h", "-N", "-p", "shared", "-t", "idle", "-o", "%N"], null, cancellationToken);
        return idle.ExitCode == 0 ? idle.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];
    }
}
