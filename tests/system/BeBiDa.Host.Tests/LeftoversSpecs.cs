using System.Diagnostics;
using BeBiDa.Node;
using BeBiDa.Node.Pods;

namespace BeBiDa.Host.Tests;

/// <summary>What real units leave behind, as far as a test's own processes and mounts go.</summary>
public class LeftoversSpecs : CgroupTest
{
    private const string Forever = "while read line; do :; done";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);
    private string folder = "";

    // A folder that shows no process but the test's own: others on this host may have shims too.
    private string Seen => Path.Combine(folder, "proc");

    private string ShimProgram => Path.Combine(folder, "containerd-shim-runc-v2");

    private string Volume =>
        Path.Combine(folder, "kubelet", "pods", "11111111-2222-3333-4444-555555555555", "volumes", "kubernetes.io~empty-dir", "cache");

    [SetUp]
    public void MakeFolder()
    {
        folder = Directory.CreateTempSubdirectory("bebida-leftovers-").FullName;
        Directory.CreateDirectory(Seen);
        File.Copy("/bin/sh", ShimProgram);
    }

    [TearDown]
    public void RemoveFolder()
    {
        foreach (
            var mount in Mount
                .ReadAll("/proc/self/mountinfo")
                .Where(mount => mount.Point.StartsWith(folder, StringComparison.Ordinal))
                .Reverse()
        )
            Run("umount", mount.Point);
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task What_outlives_its_unit_is_ended()
    {
        var left = See(Start("", Forever));
        Assert.That(Find(), Is.EqualTo(new[] { $"sh ({left.Id})" }));
        Assert.That(End(), Is.True);
        await left.WaitForExitAsync();
    }

    [Test]
    public async Task A_shim_of_Kubernetes_is_ended_wherever_it_is()
    {
        using var shim = See(StartElsewhere(ShimProgram, "-c", Forever, "-namespace", "k8s.io"));
        Assert.That(Find(), Is.EqualTo(new[] { $"containerd-shim ({shim.Id})" }));
        Assert.That(End(), Is.True);
        await shim.WaitForExitAsync();
    }

    [Test]
    public void Shims_of_Docker_go_on_in_the_same_unit()
    {
        var docker = See(Start("", $"read line; sleep 1000 & {Forever}", ShimProgram, "-namespace", "moby"));
        docker.StandardInput.WriteLine();
        docker.StandardInput.Flush();
        var logger = 0;
        Assert.That(
            () => int.TryParse(File.ReadAllText($"/proc/{docker.Id}/task/{docker.Id}/children"), out logger),
            Is.True.After(10_000, 10)
        );
        Directory.CreateSymbolicLink(Path.Combine(Seen, $"{logger}"), $"/proc/{logger}");
        Assert.That(Find(), Is.Empty, "neither it nor what it has started");
        Assert.That(End(), Is.True);
        Assert.That(docker.HasExited, Is.False);
        using var started = Process.GetProcessById(logger);
        started.Kill();
    }

    [Test]
    public void A_shim_of_a_cluster_in_a_container_goes_on()
    {
        using var container = StartElsewhere(
            "unshare",
            "--pid",
            "--fork",
            "--kill-child",
            ShimProgram,
            "-c",
            Forever,
            "-namespace",
            "k8s.io"
        );
        var inside = 0;
        Assert.That(
            () => int.TryParse(File.ReadAllText($"/proc/{container.Id}/task/{container.Id}/children"), out inside),
            Is.True.After(10_000, 10)
        );
        Directory.CreateSymbolicLink(Path.Combine(Seen, $"{inside}"), $"/proc/{inside}");
        Assert.That(() => File.ReadAllText($"/proc/{inside}/comm"), Is.EqualTo("containerd-shim\n").After(10_000, 10));
        Assert.That(Find(), Is.Empty);
        container.Kill();
        container.WaitForExit();
    }

    [Test]
    public void What_only_mentions_the_namespace_is_left_alone()
    {
        using var other = See(StartElsewhere("/bin/sh", "-c", Forever, "-namespace", "k8s.io"));
        Assert.That(Find(), Is.Empty);
        other.Kill();
        other.WaitForExit();
    }

    [Test]
    public void Volumes_of_pods_in_memory_are_unmounted_and_nothing_else()
    {
        var other = Path.Combine(folder, "kubelet", "plugins");
        MountTmpfs(Volume);
        MountTmpfs(other);
        Assert.That(Unmount().Unmounted, Is.EqualTo(1));
        Assert.That(Mounted(), Is.EqualTo(new[] { other }));
    }

    [Test]
    public void A_volume_that_is_in_use_is_told_and_stays()
    {
        MountTmpfs(Volume);
        using (File.Create(Path.Combine(Volume, "open")))
            Assert.That(Unmount().Left, Is.EqualTo(new[] { $"{Volume}: Device or resource busy" }));
        Assert.That(Mounted(), Is.EqualTo(new[] { Volume }));
    }

    [Test]
    public void The_network_of_a_pod_is_unmounted_unless_a_process_of_somebody_else_is_in_it()
    {
        var networks = Directory.CreateDirectory(Path.Combine(folder, "run", "netns")).FullName;
        string Network(string name)
        {
            var path = Path.Combine(networks, name);
            File.Create(path).Dispose();
            Run("unshare", $"--net={path}", "true");
            return path;
        }
        Network("cni-11111111-2222-3333-4444-555555555555");
        var inUse = Network("cni-66666666-7777-8888-9999-000000000000");
        using var process = See(StartElsewhere("nsenter", $"--net={inUse}", "/bin/sh", "-c", $"echo; {Forever}"));
        process.StandardOutput.ReadLine();
        try
        {
            Assert.That(Unmount().Left, Is.Empty);
            Assert.That(Mounted(), Is.EqualTo(new[] { inUse }));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private Leftovers Leftovers() => new(new HostProcesses(Seen));

    private IReadOnlyList<string> Find() => Leftovers().Find([$"/{Name}"]);

    private bool End() => Leftovers().End([$"/{Name}"], TimeSpan.Zero, Long);

    private Process See(Process process)
    {
        Directory.CreateSymbolicLink(Path.Combine(Seen, $"{process.Id}"), $"/proc/{process.Id}");
        return process;
    }

    private static Process StartElsewhere(string program, params string[] words) =>
        Process.Start(new ProcessStartInfo(program, words) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    // Of the mounts only the test's own: this host may have a kubelet.
    private (int Unmounted, IReadOnlyList<string> Left) Unmount()
    {
        var mounts = Path.Combine(folder, "mountinfo");
        File.WriteAllLines(mounts, File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(folder, StringComparison.Ordinal)));
        return new Leftovers(new HostProcesses(Seen), mounts).Unmount();
    }

    private IEnumerable<string> Mounted() =>
        Mount
            .ReadAll("/proc/self/mountinfo")
            .Select(mount => mount.Point)
            .Where(point => point.StartsWith(folder, StringComparison.Ordinal));

    private static void MountTmpfs(string point)
    {
        Directory.CreateDirectory(point);
        Run("mount", "-t", "tmpfs", "tmpfs", point);
    }

    private static void Run(string program, params string[] words)
    {
        using var process = Process.Start(program, words);
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
    }
}
