using k8s.Models;

namespace BeBiDa.Nodes.Tests;

/// <summary>nodes.waitUntilReady, with kubelets that stop and start.</summary>
public class ReturningSpecs(NodeKind kind) : NodesTest(kind)
{
    protected override ContainerLabOptions? OwnLab =>
        Options with
        {
            Kind = Kind,
            Nodes = 2,
            Configuration = Options.Configuration + "nodes: {waitUntilReady: true}\n",
        };

    [Test]
    public async Task A_node_gets_pods_only_when_its_kubelet_has_reported_since_the_job()
    {
        var job = await StartAsync(Alice, "-w", "n1");
        var before = Heartbeat(await Lab.NodeAsync("n1"));
        await CancelAsync(job);
        V1Node node = null!;
        await EventuallyAsync("n1 may have pods", async () => (node = await Lab.NodeAsync("n1")).Spec.Unschedulable != true);
        Assert.That((Heartbeat(node).LastHeartbeatTime == before.LastHeartbeatTime, Heartbeat(node).Status), Is.EqualTo((false, "True")));
        Assert.That(await Lab.ReadLogAsync(ContainerLab.Controller, "slurmctld"), Does.Not.Contain("released to Kubernetes after"));
    }

    private static V1NodeCondition Heartbeat(V1Node node) => node.Status.Conditions.Single(condition => condition.Type == "Ready");
}
