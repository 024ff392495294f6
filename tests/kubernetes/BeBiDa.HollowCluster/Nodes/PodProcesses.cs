using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Hollow.Nodes;

/// <summary>
/// A process for each pod (`sleep`, as long as its first container says), in a cgroup of its own below a slice: it
/// lives on when the kubelet stops, as containers do, and the kubelet finds it there when it starts again.
/// </summary>
public sealed class PodProcesses(string slice, ILogger log) : IPodProcesses
{
    // An adopted process is nobody's child, so its end is seen only by looking.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    public IPodProcess? Find(V1Pod pod)
    {
        if (Members(GroupOf(pod)).Count == 0)
            return null;
        log.LogInformation("{Pod}: its process has lived on", pod.Metadata.Name);
        return new Adopted(GroupOf(pod));
    }

    public IPodProcess Start(V1Pod pod)
    {
        var group = GroupOf(pod);
        Directory.CreateDirectory(group);
        // The shell puts itself into the cgroup and then becomes the process: none of the pod's work runs outside.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (var word in new[] { "-c", "echo $$ > \"$0/cgroup.procs\" && exec sleep \"$1\"", group, Time(pod) })
            start.ArgumentList.Add(word);
        var process = Process.Start(start) ?? throw new InvalidOperationException("/bin/sh did not start");
        process.StandardInput.Close();
        return new Child(process, group);
    }

    private string GroupOf(V1Pod pod) => Path.Combine(slice, $"pod{pod.Metadata.Uid}");

    private static string Time(V1Pod pod) =>
        pod.Spec.Containers[0] is { } container
        && (container.Command ?? []).Concat(container.Args ?? []).ToList() is [var program, var time]
        && Path.GetFileName(program) == "sleep"
            ? time
            : "infinity";

    private static List<int> Members(string group)
    {
        try
        {
            return [.. File.ReadAllLines(Path.Combine(group, "cgroup.procs")).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static async Task EndAllAsync(string group, TimeSpan grace, CancellationToken cancellationToken)
    {
        Signal(group, 15);
        var until = DateTime.UtcNow + grace;
        while (Members(group).Count > 0 && DateTime.UtcNow < until)
            await Task.Delay(s_look, cancellationToken);
        while (Members(group).Count > 0)
        {
            Signal(group, 9);
            await Task.Delay(s_look, cancellationToken);
        }

        Remove(group);
    }

    private static void Remove(string group)
    {
        try
        {
            if (Directory.Exists(group))
                Directory.Delete(group);
        }
        catch (IOException)
        {
            // A zombie still counts as a member; the empty cgroup does no harm.
        }
    }

    private static void Signal(string group, int signal)
    {
        foreach (var pid in Members(group))
            _ = kill(pid, signal);
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);

    private sealed class Child(Process process, string group) : IPodProcess
    {
        public Task<int> Exited { get; } = WaitAsync(process, group);

        public Task EndAsync(TimeSpan grace, CancellationToken cancellationToken) => EndAllAsync(group, grace, cancellationToken);

        private static async Task<int> WaitAsync(Process process, string group)
        {
            await process.WaitForExitAsync();
            Remove(group);
            return process.ExitCode;
        }
    }

    private sealed class Adopted(string group) : IPodProcess
    {
        public Task<int> Exited { get; } = WaitAsync(group);

        public Task EndAsync(TimeSpan grace, CancellationToken cancellationToken) => EndAllAsync(group, grace, cancellationToken);

        private static async Task<int> WaitAsync(string group)
        {
            while (Members(group).Count > 0)
                await Task.Delay(s_look);
            Remove(group);
            return 0;
        }
    }
}
