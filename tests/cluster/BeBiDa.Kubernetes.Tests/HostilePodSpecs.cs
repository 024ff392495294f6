using BeBiDa.Configuration;
using BeBiDa.EmbeddedApi;
using BeBiDa.HandOver;
using BeBiDa.Hollow.Api;
using k8s.Models;

namespace BeBiDa.Tests;

/// <summary>Whatever their owners make of pods and nodes, within what an API server takes: hand-overs of other nodes do not notice.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class HostilePodSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private const int MostOfAnnotations = 256 * 1024;

    [Test]
    public async Task Pods_and_nodes_at_every_limit_are_handed_over_like_any_other()
    {
        var node = (await RunNodesAsync(1))[0];
        var owner = await Admin.CreateAsync(Resources.ReplicaSets.In(Space), Workloads.ReplicaSet("owner"), default);
        var pod = PodOn(node, $"{new string('p', 63)}.{new string('q', 63)}.{new string('r', 63)}.{new string('s', 60)}");
        pod.Metadata.Labels.Clear();
        pod.Metadata.Annotations = Annotations("example.com/", 50);
        pod.Metadata.OwnerReferences =
        [
            .. Enumerable
                .Range(0, 3000)
                .Select(_ => new V1OwnerReference
                {
                    ApiVersion = "apps/v1",
                    Kind = "ReplicaSet",
                    Name = owner.Metadata.Name,
                    Uid = owner.Metadata.Uid,
                }),
        ];
        pod.Metadata.Finalizers = [.. Enumerable.Range(0, 1000).Select(i => $"example.com/keeps-{i}")];
        await RunPodAsync(pod);
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node),
            new
            {
                metadata = new
                {
                    annotations = Annotations("hold.bebida.io/", 1000),
                    labels = Enumerable.Range(0, 500).ToDictionary(i => $"example.com/{i}", _ => new string('x', 63)),
                },
            },
            default
        );

        var handOvers = HandOvers(Connect());
        var taking = handOvers.DecommissionAsync(Job(7, node), TimeSpan.FromMinutes(1));
        await Eventually("the pod is told to go", async () => (await PodAsync(pod.Metadata.Name))?.Metadata.DeletionTimestamp is not null);
        await Admin.MergeAsync<V1Pod>(
            Resources.Pods.At(Space, pod.Metadata.Name),
            new { metadata = new { finalizers = Array.Empty<string>() } },
            default
        );
        Assert.That((await taking).Outcome, Is.EqualTo(HandOverOutcome.Done), string.Join('\n', Log.All));
        Assert.That((await ReadNodeAsync(node)).Spec.Unschedulable, Is.True);
        Assert.That((await handOvers.RecommissionAsync(Job(7, node), TimeSpan.FromMinutes(1))).Outcome, Is.EqualTo(HandOverOutcome.Done));
        Assert.That((await ReadNodeAsync(node)).Spec.Unschedulable, Is.Null.Or.False);
    }

    [Test]
    public async Task Thousands_of_holds_that_others_write_make_no_Event_long()
    {
        var node = await NewNodeAsync();
        await Admin.MergeAsync<V1Node>(
            Resources.Nodes.At(null, node.Name),
            new
            {
                metadata = new { annotations = Enumerable.Range(1, 5000).ToDictionary(i => $"hold.bebida.io/other.{i}", _ => "no time\n") },
            },
            default
        );
        var handOvers = HandOvers(Connect());
        Assert.That(
            (await handOvers.DecommissionAsync(Job(7, node.Name), TimeSpan.FromMinutes(1))).Outcome,
            Is.EqualTo(HandOverOutcome.Done)
        );
        Assert.That(
            (await handOvers.RecommissionAsync(Job(7, node.Name), TimeSpan.FromMinutes(1))).Outcome,
            Is.EqualTo(HandOverOutcome.Done)
        );
        await Eventually("the Event is there", async () => (await EventsAsync(node.Name)).Any(e => e.Reason == "SlurmRecommissioned"));
        Assert.That((await EventsAsync(node.Name)).Select(e => e.Message), Has.All.Length.LessThan(1024));
        await DeleteNodeAsync(node.Name);
    }

    [Test]
    public async Task A_pod_that_never_dies_fails_its_own_nodes_hand_over_with_the_reason_and_no_others()
    {
        var nodes = await RunNodesAsync(2);
        var immortal = PodOn(nodes[0], "immortal");
        immortal.Metadata.Finalizers = ["example.com/never"];
        await RunPodAsync(immortal);
        await RunPodAsync(PodOn(nodes[1], "mortal"));
        var configuration = Configuration() with
        {
            Eviction = new EvictionConfiguration { GracePeriod = TimeSpan.FromSeconds(1), Deadline = TimeSpan.FromSeconds(2) },
        };
        var handOvers = HandOvers(Connect(configuration), configuration);

        var stuck = handOvers.DecommissionAsync(Job(7, nodes[0]), TimeSpan.FromMinutes(1));
        var other = await handOvers.DecommissionAsync(Job(8, nodes[1]), TimeSpan.FromMinutes(1));
        Assert.That((other.Outcome, other.PodsEvicted), Is.EqualTo((HandOverOutcome.Done, 1)));
        var result = await stuck;
        Assert.That(result.Outcome, Is.EqualTo(HandOverOutcome.Failed));
        Assert.That(result.Problems.Single().Text, Does.Contain($"{Space}/immortal on node {nodes[0]}").And.Contain("finalizer"));
        await Admin.MergeAsync<V1Pod>(
            Resources.Pods.At(Space, "immortal"),
            new { metadata = new { finalizers = Array.Empty<string>() } },
            default
        );
    }

    private async Task<IReadOnlyList<Corev1Event>> EventsAsync(string node) =>
        [
            .. (await Admin.GetAsync<Corev1EventList>("api/v1/namespaces/default/events", default)).Items.Where(e =>
                e.InvolvedObject.Name == node
            ),
        ];

    private static Dictionary<string, string> Annotations(string prefix, int count)
    {
        var keys = Enumerable.Range(0, count).Select(i => $"{prefix}lab.{i:D5}").ToList();
        var room = (MostOfAnnotations - 4096) / count - keys[0].Length;
        return keys.ToDictionary(key => key, _ => new string('"', room));
    }
}
