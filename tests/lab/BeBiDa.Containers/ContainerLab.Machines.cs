using System.Globalization;
using System.Text.RegularExpressions;
using BeBiDa.Lab;

namespace BeBiDa.Containers;

public sealed partial class ContainerLab
{
    /// <summary>Runs a command on a machine, as root or as a user (alice of physics, bob of chemistry), whatever its exit code.</summary>
    /// <param name="machine">A node, <see cref="Controller"/> or <see cref="Api"/>.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="user">Whose command it is.</param>
    /// <param name="input">What the command reads on standard input.</param>
    /// <param name="cancellationToken">Stops waiting for it; the command itself goes on.</param>
    public Task<CommandResult> ExecAsync(
        string machine,
        IReadOnlyList<string> command,
        string? user = null,
        string? input = null,
        CancellationToken cancellationToken = default
    ) => docker.ExecuteAsync(machine, command, user, input, cancellationToken);

    /// <summary>Writes a file on a machine, in place of what it had; owner and mode stay.</summary>
    public async Task WriteFileAsync(string machine, string path, string text, CancellationToken cancellationToken = default) =>
        (await ExecAsync(machine, ["sh", "-c", "cat >\"$0\"", path], input: text, cancellationToken: cancellationToken)).EnsureSucceeded();

    /// <summary>The power goes: every process of the machine is gone at once. Its disk stays.</summary>
    public async Task KillAsync(string machine, CancellationToken cancellationToken = default)
    {
        await ExecAsync(machine, ["/usr/lib/bebida-lab/thaw.sh"], cancellationToken: cancellationToken);
        await docker.RunAsync(machine, cancellationToken, "kill");
    }

    /// <summary>The power is back: the machine boots, with an empty /run and the disk that it had.</summary>
    public Task StartAsync(string machine, CancellationToken cancellationToken = default) =>
        docker.RunAsync(machine, cancellationToken, "start");

    /// <summary>A reboot as an admin's: all units stop in order, and systemd boots anew with an empty /run. Returns when it has.</summary>
    public async Task RebootAsync(string machine, CancellationToken cancellationToken = default)
    {
        await ExecAsync(machine, ["/usr/lib/bebida-lab/thaw.sh"], cancellationToken: cancellationToken);
        await docker.RunAsync(machine, cancellationToken, "restart", "--time", "10");
        await WaitUntilBootedAsync(machine, cancellationToken);
    }

    /// <summary>Waits until systemd has started all that a machine should run.</summary>
    public Task WaitUntilBootedAsync(string machine, CancellationToken cancellationToken = default) =>
        Eventually.HoldsAsync(
            $"{machine} has booted",
            options.Patience,
            async cancel =>
                (await ExecAsync(machine, ["systemctl", "is-system-running"], cancellationToken: cancel)).StandardOutput.Trim()
                    is "running"
                        or "degraded",
            cancellationToken
        );

    /// <summary>What systemd says of a unit: active, inactive, failed, activating, deactivating.</summary>
    public async Task<string> UnitStateAsync(string machine, string unit, CancellationToken cancellationToken = default) =>
        (await ExecAsync(machine, ["systemctl", "is-active", unit], cancellationToken: cancellationToken)).StandardOutput.Trim();

    /// <summary>The processes of a node's pods, by the pids that they have there.</summary>
    public async Task<IReadOnlyList<int>> PodProcessesAsync(string node, CancellationToken cancellationToken = default) =>
        [.. (await InPodCgroupsAsync(node, "cat {} +", cancellationToken)).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];

    /// <summary>The pods that have processes on a node, by their uids.</summary>
    public async Task<IReadOnlyList<string>> PodsAsync(string node, CancellationToken cancellationToken = default) =>
        [
            .. (await InPodCgroupsAsync(node, "grep -l . {} +", cancellationToken))
                .Select(path => PodOfCgroup().Match(path).Groups[1].Value.Replace('_', '-'))
                .Distinct(),
        ];

    [GeneratedRegex("pod([0-9a-f][-_0-9a-f]{31,})")]
    private static partial Regex PodOfCgroup();

    // In the hierarchy of the freezer, or in the only one. What goes while it is looked at is gone.
    private async Task<string[]> InPodCgroupsAsync(string node, string command, CancellationToken cancellationToken)
    {
        var find = $$"""
            root=/sys/fs/cgroup/freezer
            [ -e "$root" ] || root=/sys/fs/cgroup
            find "$root" -path '*/kubepods*' -name cgroup.procs -exec {{command}} 2>/dev/null || true
            """;
        var found = (await ExecAsync(node, ["sh", "-c", find], cancellationToken: cancellationToken)).EnsureSucceeded();
        return found.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>A log: of slurmctld or slurmd the file that it writes, of any other unit its part of the journal; of <see cref="Api"/> all that it wrote.</summary>
    public async Task<string> ReadLogAsync(string machine, string unit = "", CancellationToken cancellationToken = default)
    {
        if (machine == Api)
            return await docker.ReadOutputAsync(machine, cancellationToken);
        string[] command = unit is "slurmctld" or "slurmd"
            ? ["cat", $"/var/log/slurm/{unit}.log"]
            : ["journalctl", "--no-pager", "--output=short-precise", .. unit.Length > 0 ? (string[])["--unit", unit] : []];
        return (await ExecAsync(machine, command, cancellationToken: cancellationToken)).EnsureSucceeded().StandardOutput;
    }
}
