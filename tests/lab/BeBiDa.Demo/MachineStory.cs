using System.Globalization;
using BeBiDa.Containers;
using BeBiDa.Lab;
using BeBiDa.Site;
using BeBiDa.Site.Observation;
using k8s;
using Spectre.Console;

namespace BeBiDa.Demo;

/// <summary>A job takes two machines from a running application, and Kubernetes gets them back: in the container lab, with systemd.</summary>
internal sealed class MachineStory(ContainerLab lab, string api, Narrator narrator, Claims claims)
{
    private const int Executors = 6;
    private const int JobSeconds = 20;
    private static readonly TimeSpan Patience = Eventually.Patience;
    private static readonly string[] JobsNodes = ["n1", "n2"];

    // The job itself looks for what should not be there, before it does anything else, and again and again until its end.
    private const string LookAround = """
        look() { echo "$(date +%s.%N) $(hostname) $(systemctl is-active kubelet) $(systemctl is-active containerd) $(find /sys/fs/cgroup -path '*kubepods*' -name cgroup.procs -exec cat {} + | sort -u | wc -l)"; }
        look
        until=$(($(date +%s) + 21))
        while [ "$(date +%s)" -lt "$until" ]; do sleep 1; look; done
        """;

    public async Task TellAsync()
    {
        await using var nodes = new NodeObserver(lab.Client);
        await nodes.StartedAsync();
        await using var observer = new NodeFollower(lab.Kubeconfig);
        await using var pods = new PodObserver(lab.Client);
        narrator.Chapter($"Four machines with systemd, each a node of Slurm and of Kubernetes ({api} API server)");
        foreach (var node in lab.Nodes)
            narrator.Say(node, await DescribeAsync(node));

        narrator.Chapter($"An application of {Executors} executors on the idle machines");
        await lab.Client.AppsV1.CreateNamespacedDeploymentAsync(Application.Deployment(Executors), "default");
        await ExecutorsRunAsync();
        await Eventually.HoldsAsync(
            "the executors' processes run",
            Patience,
            async _ => (await Task.WhenAll(lab.Nodes.Select(async n => (await lab.PodProcessesAsync(n)).Count))).Sum() >= Executors
        );
        foreach (var node in lab.Nodes)
            narrator.Say(node, await DescribeAsync(node));

        narrator.Chapter($"alice: srun -w n1,n2 …  (the job looks around on its machines for {JobSeconds} s)");
        pods.Changed += TellOfPod;
        using var reading = new CancellationTokenSource();
        var logs = Task.WhenAll(
            JobsNodes
                .Select(n => TellLogAsync(n, "slurmd", reading.Token))
                .Append(TellLogAsync(ContainerLab.Controller, "slurmctld", reading.Token))
        );
        var job = lab.SlurmAsync("srun", ["-w", string.Join(',', JobsNodes), "sh", "-c", LookAround], "alice");
        await Eventually.HoldsAsync(
            "the job runs",
            Patience,
            async _ => (await lab.SlurmAsync("squeue", ["-h", "-t", "RUNNING", "-o", "%i"])).StandardOutput.Length > 0
        );
        await Task.Delay(TimeSpan.FromSeconds(3));
        narrator.Say("admin", "bebidactl status:");
        Console.Write((await lab.ExecAsync(ContainerLab.Controller, ["bebidactl", "status"])).EnsureSucceeded().StandardOutput);
        var during = new Dictionary<string, string>();
        foreach (var node in lab.Nodes)
            narrator.Say(node, during[node] = await DescribeAsync(node));

        var result = (await job).EnsureSucceeded();
        narrator.Say("slurm", "the job has ended");
        var back = await IsAsync(
            "both machines are Ready and schedulable again",
            Patience,
            async () =>
                (await lab.ReadyNodesAsync()).Count == lab.Nodes.Count
                && !(await lab.Client.CoreV1.ListNodeAsync()).Items.Any(n => n.Spec.Unschedulable == true)
        );
        narrator.Say("kubernetes", back ? "both machines are Ready and schedulable again" : "a machine is not back");
        await ExecutorsRunAsync();
        foreach (var node in lab.Nodes)
            narrator.Say(node, await DescribeAsync(node));
        await reading.CancelAsync();
        await logs;

        Summarise(nodes, observer, pods, Looks(result.StandardOutput), during, back);
        await Picture.WriteAsync(
            arguments => lab.ExecAsync(ContainerLab.Controller, ["bebidactl", .. arguments]),
            "/var/log/slurm/slurmctld.log",
            JobsNodes,
            claims
        );
    }

    private void Summarise(
        NodeObserver observed,
        NodeFollower observer,
        PodObserver pods,
        IReadOnlyList<Look> looks,
        Dictionary<string, string> during,
        bool back
    )
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("machine", "who had it when (seconds from the start)", "executors evicted", "while the job ran");
        foreach (var node in lab.Nodes)
            table.AddRow(
                node,
                Owners.Of(observed, node, narrator.Began),
                Evicted(node).ToString(CultureInfo.InvariantCulture),
                during[node]
            );
        narrator.Chapter("Who had which machine");
        narrator.Show(table);

        var byNode = looks.GroupBy(look => look.Node).ToDictionary(g => g.Key, g => g.ToList());
        claims.Add(
            "the job ran on its two machines and looked around from its first moment to its last",
            JobsNodes.All(n => byNode.TryGetValue(n, out var own) && own[^1].Time - own[0].Time >= TimeSpan.FromSeconds(JobSeconds))
        );
        claims.Add(
            "each time it found kubelet and the container runtime stopped, and no process of a pod",
            looks.Count > 0 && looks.All(l => l is { Kubelet: "inactive", Runtime: "inactive", Pods: 0 })
        );
        claims.Add(
            "no machine was schedulable in Kubernetes while the job ran on it",
            observer.Gaps == 0 && byNode.All(n => observer.SchedulableWithin(n.Key, n.Value[0].Time, n.Value[^1].Time).Count == 0)
        );
        claims.Add(
            "executors were evicted from the job's machines, and only from those",
            JobsNodes.Sum(Evicted) > 0 && lab.Nodes.Except(JobsNodes).All(n => Evicted(n) == 0)
        );
        claims.Add(
            "the other machines went on with Kubernetes",
            lab.Nodes.Except(JobsNodes).All(n => during[n].StartsWith("kubelet active, containerd active", StringComparison.Ordinal))
        );
        claims.Add("both machines were Ready and schedulable again after the job", back);

        int Evicted(string node) => pods.Stays(node).Count(s => s.Until is not null);
    }

    private async Task<string> DescribeAsync(string node) =>
        $"kubelet {await lab.UnitStateAsync(node, "kubelet")}, containerd {await lab.UnitStateAsync(node, "containerd")}, {(await lab.PodProcessesAsync(node)).Count} processes of pods";

    private void TellOfPod(PodStay stay) =>
        narrator.Say("kubernetes", stay.Until is null ? $"{stay.Name} starts on {stay.Node}" : $"{stay.Name} has left {stay.Node}");

    private async Task TellLogAsync(string machine, string daemon, CancellationToken cancellationToken)
    {
        var known = (await lab.ReadLogAsync(machine, daemon, CancellationToken.None)).Length;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(200, CancellationToken.None);
            var log = await lab.ReadLogAsync(machine, daemon, CancellationToken.None);
            var end = log.LastIndexOf('\n') + 1;
            foreach (var line in log[known..end].Split('\n').Where(l => l.Contains("bebida: ", StringComparison.Ordinal)))
                narrator.Say(
                    machine == ContainerLab.Controller ? daemon : machine,
                    line[(line.IndexOf("] ", StringComparison.Ordinal) + 2)..]
                );
            known = end;
        }
    }

    private Task ExecutorsRunAsync() =>
        Eventually.HoldsAsync(
            $"{Executors} executors run",
            Patience,
            async cancel => (await Application.RunningAsync(lab.Client, cancel)).Count == Executors
        );

    private static async Task<bool> IsAsync(string what, TimeSpan patience, Func<Task<bool>> condition)
    {
        try
        {
            await Eventually.HoldsAsync(what, patience, _ => condition());
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static List<Look> Looks(string output) =>
        [
            .. output
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(' '))
                .Select(words => new Look(
                    DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(words[0], CultureInfo.InvariantCulture)),
                    words[1],
                    words[2],
                    words[3],
                    int.Parse(words[4], CultureInfo.InvariantCulture)
                )),
        ];

    private sealed record Look(DateTimeOffset Time, string Node, string Kubelet, string Runtime, int Pods);
}
