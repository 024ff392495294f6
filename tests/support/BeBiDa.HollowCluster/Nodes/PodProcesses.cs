using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Nodes;

/// <summary>
/// A process for each pod (`sleep`, as long as its first container says), in a cgroup of its own below a slice: it
/// lives on when the kubelet stops, as containers do, and the kubelet finds it there when it starts again. Where there
/// are several hierarchies (cgroup v1) the slice is in each of those given, and the first one is where it is looked for.
/// </summary>
public sealed class PodProcesses(IReadOnlyList<string> slices, ILogger log) : IPodProcesses
{
    // An adopted process is nobody's child, so its end is seen only by looking.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    // What is ignored stays so in the process: $0 is TERM for a pod that no termination ends, or empty.
    private const string Enter = """
        [ -z "$0" ] || trap '' "$0"
        time=$1
        shift
        for group; do echo $$ > "$group/cgroup.procs" || exit; done
        echo entered
        exec sleep "$time" > /dev/null
        """;

    public IPodProcess? Find(V1Pod pod)
    {
        var groups = GroupsOf(pod);
        if (Members(groups).Count == 0)
            return null;
        log.LogInformation("{Pod}: its process has lived on", pod.Metadata.Name);
        return new Adopted(groups);
    }

    public IPodProcess Start(V1Pod pod)
    {
        var groups = GroupsOf(pod);
        foreach (var group in groups)
            Directory.CreateDirectory(group);
        // The shell puts itself into the cgroups and then becomes the process: none of the pod's work runs outside.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var word in (string[])["-c", Enter, PodAnnotations.IgnoresTermination(pod) ? "TERM" : "", Time(pod), .. groups])
            start.ArgumentList.Add(word);
        var process = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start");
        process.StandardInput.Close();
        // Before that, whoever looks for the pod's processes finds none.
        process.StandardOutput.ReadLine();
        return new Child(process, groups);
    }

    public Task EndOthersAsync(IReadOnlySet<string> pods, TimeSpan grace, CancellationToken cancellationToken)
    {
        var first = new DirectoryInfo(slices[0]);
        var gone = first.Exists
            ? first.EnumerateDirectories("pod*").Select(group => group.Name["pod".Length..]).Where(uid => !pods.Contains(uid))
            : [];
        return Task.WhenAll(gone.Select(uid => EndAllAsync(GroupsOf(uid), grace, cancellationToken)));
    }

    private string[] GroupsOf(V1Pod pod) => GroupsOf(pod.Metadata.Uid);

    private string[] GroupsOf(string uid) => [.. slices.Select(slice => Path.Combine(slice, $"pod{uid}"))];

    private static string Time(V1Pod pod) =>
        pod.Spec.Containers[0] is { } container
        && (container.Command ?? []).Concat(container.Args ?? []).ToList() is [var program, var time]
        && Path.GetFileName(program) == "sleep"
            ? time
            : "infinity";

    private static List<int> Members(string[] groups)
    {
        try
        {
            return
            [
                .. File.ReadAllLines(Path.Combine(groups[0], "cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture)),
            ];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static async Task EndAllAsync(string[] groups, TimeSpan grace, CancellationToken cancellationToken)
    {
        Signal(groups, 15);
        var until = DateTime.UtcNow + grace;
        while (Members(groups).Count > 0 && DateTime.UtcNow < until)
            await Task.Delay(s_look, cancellationToken);
        while (Members(groups).Count > 0)
        {
            Signal(groups, 9);
            await Task.Delay(s_look, cancellationToken);
        }

        Remove(groups);
    }

    private static void Remove(string[] groups)
    {
        foreach (var group in groups.Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(group);
            }
            catch (IOException)
            {
                // A zombie still counts as a member; the empty cgroup does no harm.
            }
        }
    }

    private static void Signal(string[] groups, int signal)
    {
        foreach (var pid in Members(groups))
            _ = kill(pid, signal);
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);

    private sealed class Child(Process process, string[] groups) : IPodProcess
    {
        public Task<int> Exited { get; } = WaitAsync(process, groups);

        public Task EndAsync(TimeSpan grace, CancellationToken cancellationToken) => EndAllAsync(groups, grace, cancellationToken);

        private static async Task<int> WaitAsync(Process process, string[] groups)
        {
            await process.WaitForExitAsync();
            Remove(groups);
            return process.ExitCode;
        }
    }

    private sealed class Adopted(string[] groups) : IPodProcess
    {
        public Task<int> Exited { get; } = WaitAsync(groups);

        public Task EndAsync(TimeSpan grace, CancellationToken cancellationToken) => EndAllAsync(groups, grace, cancellationToken);

        private static async Task<int> WaitAsync(string[] groups)
        {
            while (Members(groups).Count > 0)
                await Task.Delay(s_look);
            Remove(groups);
            return 0;
        }
    }
}
