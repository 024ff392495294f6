using System.Diagnostics;
using BeBiDa.EmbeddedApi;
using BeBiDa.Hollow.Api;
using BeBiDa.Hollow.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

[TestFixture(ApiServerKind.Embedded)]
public sealed class PodProcessSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private string _slice = "";
    private string _node = "";
    private Kubernetes _client = null!;
    private HollowKubelets _kubelets = null!;

    [SetUp]
    public async Task StartKubeletAsync()
    {
        var root = new[] { "/sys/fs/cgroup", "/sys/fs/cgroup/freezer" }.FirstOrDefault(path =>
            File.Exists(Path.Combine(path, "cgroup.procs"))
        );
        Assume.That(root is not null && Environment.IsPrivilegedProcess, "needs to be root, with a cgroup file system");
        _slice = Path.Combine(root!, $"{Namespace}.slice");
        _node = $"p-{Namespace}";
        _client = ApiClient.FromKubeconfig(Server.AdminKubeconfig);
        _kubelets = await StartAsync();
    }

    [TearDown]
    public async Task StopKubeletAsync()
    {
        if (_kubelets is null)
            return;
        await _kubelets.DisposeAsync();
        _client.Dispose();
        await Api.DeleteAsync(Resources.Nodes.At(null, _node), new V1DeleteOptions(), default);
        foreach (var pid in Processes())
            Process.GetProcessById(pid).Kill();
        await Wait.UntilAsync("its cgroups are removed", () => Task.FromResult(IsRemoved()), isRemoved => isRemoved);
    }

    [Test]
    public async Task A_pods_process_outlives_its_kubelet_and_ends_with_the_pod()
    {
        await RunPodAsync(Workloads.Pod("pod", _node));
        var process = Processes().Single();

        await _kubelets.DisposeAsync();
        Assert.That(Processes(), Is.EqualTo(new[] { process }));

        _kubelets = await StartAsync();
        await Wait.UntilAsync("its node is Ready", () => NodeAsync(_node), node => ReadyStatus(node) == "True");
        await DeletePodAsync("pod", grace: 5);
        await GoneAsync("pod");
        Assert.That(Processes(), Is.Empty);
    }

    [Test]
    public async Task A_killed_process_is_started_again()
    {
        await RunPodAsync(Workloads.Pod("pod", _node));
        var before = Processes().Single();

        Process.GetProcessById(before).Kill();

        await Wait.UntilAsync(
            "it was restarted",
            () => PodAsync("pod"),
            pod => IsReady(pod) && pod!.Status.ContainerStatuses[0].RestartCount == 1
        );
        Assert.That(Processes().Single(), Is.Not.EqualTo(before));
    }

    [Test]
    public async Task A_pod_that_is_never_restarted_fails_when_its_process_is_killed_behind_the_kubelets_back()
    {
        var pod = Workloads.Pod("pod", _node);
        pod.Spec.RestartPolicy = "Never";
        await RunPodAsync(pod);
        await _kubelets.DisposeAsync();
        foreach (var pid in Processes())
            Process.GetProcessById(pid).Kill();
        await Wait.UntilAsync("it is dead", () => Task.FromResult(Processes()), pids => pids.Count == 0);

        _kubelets = await StartAsync();

        await Wait.UntilAsync("the pod has failed", () => PodAsync("pod"), seen => seen!.Status.Phase == "Failed");
    }

    [Test]
    public async Task The_process_of_a_pod_that_is_deleted_by_force_ends_too()
    {
        await RunPodAsync(Workloads.Pod("pod", _node));

        await DeletePodAsync("pod", grace: 0);

        await GoneAsync("pod");
        await Wait.UntilAsync("its process has ended", () => Task.FromResult(Processes()), pids => pids.Count == 0);
    }

    [Test]
    public async Task A_process_of_a_pod_that_is_gone_is_ended_whenever_it_started()
    {
        var gone = Workloads.Pod("gone", _node);
        gone.Metadata.Uid = Guid.NewGuid().ToString();

        _ = new PodProcesses([_slice], NullLogger.Instance).Start(gone);

        await Wait.UntilAsync("it has ended", () => Task.FromResult(Directory.GetDirectories(_slice)), groups => groups.Length == 0);
    }

    [Test]
    public async Task The_process_of_a_pod_that_ignores_its_termination_ignores_SIGTERM()
    {
        await RunPodAsync(
            Workloads.Pod("stuck", _node, annotations: new Dictionary<string, string> { [PodAnnotations.IgnoreTermination] = "true" })
        );
        var process = Processes().Single();

        // Signal 15 is bit 14 of the mask of what is ignored.
        var ignored = File.ReadLines($"/proc/{process}/status")
            .Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))
            .Split('\t')[1];
        Assert.That(Convert.ToUInt64(ignored, 16) >> 14 & 1, Is.EqualTo(1));
    }

    private async Task<HollowKubelets> StartAsync()
    {
        var kubelets = new HollowKubelets(
            _client,
            [new HollowNode(_node)],
            Options.Kubelet,
            NullLogger.Instance,
            new PodProcesses([_slice], NullLogger.Instance)
        );
        await kubelets.StartAsync();
        return kubelets;
    }

    private List<int> Processes() => Directory.Exists(_slice) ? [.. Directory.GetDirectories(_slice).SelectMany(Members)] : [];

    // A cgroup with a process in it cannot be removed; and whoever has started that process removes it, too.
    private bool IsRemoved()
    {
        try
        {
            if (Directory.Exists(_slice))
            {
                foreach (var group in Directory.GetDirectories(_slice))
                    Directory.Delete(group);
                Directory.Delete(_slice);
            }
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The processes of a group: none where it is removed while we look.</summary>
    private static IEnumerable<int> Members(string group)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(group, "cgroup.procs")).Select(int.Parse);
        }
        catch (IOException) when (!Directory.Exists(group))
        {
            return [];
        }
    }
}
