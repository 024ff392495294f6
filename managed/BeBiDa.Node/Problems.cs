using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Node.Services;

namespace BeBiDa.Node;

/// <summary>Why a hook failed, for an admin: what <c>sinfo -R</c> shows of a drained node, or slurmd's log of an epilog.</summary>
internal static class Problems
{
    public const string NoHost = "the plugin passed libbebida_node.so no environment, or no way to query slurmctld";

    public static string OtherAbi(uint theirs) =>
        $"libbebida_node.so has ABI version {Header.AbiVersion}, and the plugin that loaded it {theirs}; install both from the same release";

    public static string Unexpected(Exception error) => $"unexpected internal error, please report it: {error.Message}";

    public static string MayNotKeep(string user) =>
        $"{user} may not leave nodes in Kubernetes on this cluster (jobs.mayKeep in {ConfigurationFile.Path}); without the option, the job takes its nodes from Kubernetes";

    public static string NotLent(string node) => $"{node} is not lent (nodes.include, nodes.exclude)";

    public static string Locked(string path, string cause) => $"the prolog or epilog of another job holds {path}: {cause}";

    public static string StopTimedOut(string unit, UnitState state, TimeSpan limit) =>
        $"{unit} did not stop within {Duration.Format(limit)} ({state.Active}, {state.Sub}); see systemctl status {unit}, then resume the node";

    public static string StopFailed(string unit, UnitState state, string result) =>
        $"{unit} did not stop: {result} ({state.Active}, {state.Sub}); see journalctl -u {unit}, then resume the node";

    public static string KeepsRestarting(string unit) =>
        $"{unit} keeps starting again while it is stopped; see journalctl -u {unit}, then resume the node";

    public static string CannotFreeze => "cannot freeze the pods on this node (node.leftoverPods); is there a freezer cgroup?";

    public static string PodsSurvive(int count, string? cgroup) =>
        $"{count} pod processes survived SIGKILL; see systemd-cgls {cgroup}, then resume the node";

    public static string LeftoversSurvive(IReadOnlyList<string> processes) =>
        $"{string.Join(", ", processes)} outlived their services and SIGKILL; see systemd-cgls, then resume the node";

    public static string SlurmdInPodCgroup(IReadOnlyList<string> cgroups) =>
        $"slurmd is in a cgroup of node.podCgroups ({string.Join(", ", cgroups)}); kubelet's are kubepods.slice or kubepods";

    public static string SlurmdInService(IReadOnlyList<string> cgroups) =>
        $"slurmd is in the cgroup of a unit of node.services ({string.Join(", ", cgroups)})";

    public static string StartTimedOut(string unit, UnitState state, TimeSpan limit) =>
        $"{unit} did not start within {Duration.Format(limit)} ({state.Active}, {state.Sub}); see systemctl status {unit}";

    public static string StartedNotUp(string unit, UnitState state) =>
        $"{unit} was started, but is not up ({state.Active}, {state.Sub}); see journalctl -u {unit}";

    public static string StartFailed(string unit, UnitState state, string result) =>
        $"{unit} did not start: {result} ({state.Active}, {state.Sub}); see journalctl -u {unit}";

    public static string NotAUnit(IReadOnlyCollection<string> units) =>
        $"systemd does not accept each of these as a unit's name: {string.Join(", ", units)} (node.services)";

    public static string NoLibsystemd(Exception error) => $"cannot load libsystemd: {error.Message}";

    public static string NoSystemd(string unit) => $"{unit} cannot be started: this machine does not run systemd";
}
