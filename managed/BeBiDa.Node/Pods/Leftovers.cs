using System.Runtime.InteropServices;

namespace BeBiDa.Node.Pods;

/// <summary>
/// Units may be set to leave processes behind (KillMode=process in containerd.service and k3s-agent.service), a runtime may
/// have put shims elsewhere or lost them, and what kubelet has mounted stays mounted.
/// </summary>
/// <param name="processes">The processes of this node.</param>
/// <param name="mounts">What is mounted, and with it the cgroups.</param>
internal sealed partial class Leftovers(HostProcesses processes, string mounts = "/proc/self/mountinfo") : ILeftovers
{
    // One for each pod, above all of its containers; and those of Docker and nerdctl, in namespaces of their own, stand in the
    // same unit.
    private const string Shim = "containerd-shim";
    private const string KubernetesNamespace = "k8s.io";

    /// <inheritdoc/>
    public IReadOnlyList<string> Find(IReadOnlyList<string> groups) =>
        [.. Processes(groups).Order().Select(process => $"{processes.Name(process)} ({process})")];

    /// <inheritdoc/>
    public bool End(IReadOnlyList<string> groups, TimeSpan grace, TimeSpan limit) =>
        Termination.Run(() => Processes(groups), Problems.SlurmdInService(groups), grace, limit, () => { });

    /// <inheritdoc/>
    public (int Unmounted, IReadOnlyList<string> Left) Unmount()
    {
        var left = new List<string>();
        // What was mounted last may stand on what was mounted before.
        var found = Mount.ReadAll(mounts).Where(IsOfAPod).Reverse().ToList();
        // Others name their networks so, too, and their processes run on.
        if (found.Exists(IsNetwork))
        {
            var inUse = processes.Networks();
            found.RemoveAll(mount => IsNetwork(mount) && inUse.Contains(mount.Root));
        }
        foreach (var mount in found)
            if (umount2(mount.Point, NoFollow) != 0)
                left.Add($"{mount.Point}: {Marshal.GetLastPInvokeErrorMessage()}");
        return (found.Count - left.Count, left);
    }

    private const int NoFollow = 8; // UMOUNT_NOFOLLOW

    // The runtime starts over with its pods, as after a reboot, where none of this is mounted either.
    private static bool IsOfAPod(Mount mount)
    {
        var parts = mount.Point.Split('/');
        return IsRootOfAContainer(parts) || (mount.Type == "tmpfs" && IsVolume(parts)) || IsNetwork(mount);
    }

    // Wherever kubelet's folder is (--root-dir): Secrets, projected tokens, emptyDirs in memory, and parts of them that are
    // mounted once more (subPath). And what containerd's CRI has for a pod's /dev/shm.
    private static bool IsVolume(string[] parts)
    {
        for (var i = 0; i + 3 < parts.Length; i++)
            if (parts[i] == "pods" && IsUid(parts[i + 1]) && parts[i + 2] is "volumes" or "volume-subpaths")
                return true;
        return parts is [.., "io.containerd.grpc.v1.cri", "sandboxes", _, "shm"];
    }

    // Of whatever type its snapshotter makes it.
    private static bool IsRootOfAContainer(string[] parts) =>
        parts is [.., "io.containerd.runtime.v2.task", KubernetesNamespace, _, "rootfs"];

    // As containerd names them. With the last name of it goes a network in which no process is, and its interfaces with it.
    private static bool IsNetwork(Mount mount) =>
        mount.Type == "nsfs"
        && mount.Point.Split('/') is [.., "run", "netns", var name]
        && name.StartsWith("cni-", StringComparison.Ordinal)
        && IsUid(name["cni-".Length..]);

    // With dashes; of a pod from a file, without.
    private static bool IsUid(string text) => text.Length is 32 or 36 && text.All(c => char.IsAsciiHexDigitLower(c) || c == '-');

    private HashSet<int> Processes(IReadOnlyList<string> groups)
    {
        var found = new Cgroups(groups, mounts).Processes();
        // With what they have started, such as what writes their containers' logs.
        var others = found.Where(process => processes.Words(process, Shim) is { } words && !IsKubernetes(words)).ToHashSet();
        found.RemoveWhere(process => IsBelow(process, others));
        found.UnionWith(
            processes.OfRoot(Shim).Where(shim => IsKubernetes(shim.Words) && processes.IsOfThisHost(shim.Id)).Select(shim => shim.Id)
        );
        return found;
    }

    private bool IsBelow(int process, HashSet<int> ancestors)
    {
        for (var one = process; one > 1; one = processes.Parent(one))
            if (ancestors.Contains(one))
                return true;
        return false;
    }

    private static bool IsKubernetes(string[] words) =>
        Array.FindIndex(words, word => word is "-namespace" or "--namespace") is var at and >= 0
        && at + 1 < words.Length
        && words[at + 1] == KubernetesNamespace;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int umount2(string point, int flags);
}
