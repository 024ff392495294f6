using BeBiDa.Accounts;
using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Holds;
using BeBiDa.Kubernetes;

namespace BeBiDa.Tests;

/// <summary>What Events say of hand-overs to programs.</summary>
[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class HandOverEventSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(1234);

    [Test]
    public async Task What_was_recorded_is_read_again_to_the_millisecond()
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        await cluster.RecordAsync(new NodeEvent(node, Hold(7), NodeEvent.Decommissioned, "taken", Since, Since + Short), default);
        await cluster.RecordAsync(
            new NodeEvent(node, Hold(7), NodeEvent.Recommissioned, "given back", Since + 2 * Short, Since + 3 * Short),
            default
        );
        Assert.That(
            (await OfAsync(cluster, node.Name)).OrderBy(e => e.Began),
            Is.EqualTo(
                new[]
                {
                    new HandOverEvent(node.Name, Hold(7), true, Since, Since + Short, "taken"),
                    new HandOverEvent(node.Name, Hold(7), false, Since + 2 * Short, Since + 3 * Short, "given back"),
                }
            )
        );
    }

    [Test]
    public async Task Who_counts_waiting_jobs_is_not_told_of_what_the_reconciler_made_up_for()
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        foreach (var isRepair in new[] { true, false })
            await cluster.RecordAsync(
                new NodeEvent(node, Hold(isRepair ? 7u : 8u), NodeEvent.Decommissioned, "taken", Since, Since, Repair: isRepair),
                default
            );
        using var end = new CancellationTokenSource();
        var first = new FirstList();
        var following = cluster.FollowHandOversAsync(first, end.Token);
        Assert.That((await first.Told).Where(t => t.Node == node.Name).Select(t => t.Job), Is.EqualTo(new[] { Hold(8) }));
        Assert.That(
            (await OfAsync(cluster, node.Name)).Select(e => (e.Job, e.Repair)),
            Is.EquivalentTo([(Hold(7), true), (Hold(8), false)])
        );
        await end.CancelAsync();
        await following.WaitAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // That of a release to come is drawn too: bebidactl may be older than what wrote it.
    [Test]
    public async Task What_was_recorded_of_a_standing_hold_is_read_like_a_jobs([Values(Holders.Down, "tomorrow")] string holder)
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        var key = new HoldKey("lab", holder);
        await cluster.RecordAsync(new NodeEvent(node, key, NodeEvent.Decommissioned, "held", Since, Since), default);
        Assert.That(await OfAsync(cluster, node.Name), Is.EqualTo(new[] { new HandOverEvent(node.Name, key, true, Since, Since, "held") }));
    }

    [Test]
    public async Task More_Events_than_one_answer_holds_are_all_read()
    {
        var node = await NewNodeAsync();
        var cluster = Connect();
        await Parallel.ForEachAsync(
            Enumerable.Range(1, 510),
            async (job, token) =>
                await cluster.RecordAsync(
                    new NodeEvent(node, Hold((uint)job), NodeEvent.Decommissioned, "taken", Since, Since + Short),
                    token
                )
        );
        Assert.That((await OfAsync(cluster, node.Name)).Select(e => e.Job.JobId).Distinct().Count(), Is.EqualTo(510));
    }

    // Neither a job's number nor what may name a holder.
    [TestCase("bebida.io/job: 'lab.x7', bebida.io/began: '2026-01-02T03:04:05Z', bebida.io/ended: '2026-01-02T03:04:06Z'")]
    [TestCase("bebida.io/job: lab.7, bebida.io/began: yesterday, bebida.io/ended: '2026-01-02T03:04:06Z'")]
    [TestCase("bebida.io/job: lab.7, bebida.io/began: '2026-01-02T03:04:06Z', bebida.io/ended: '2026-01-02T03:04:05Z'")]
    [TestCase("")]
    public async Task One_that_someone_else_has_made_up_in_another_form_is_left_out(string annotations)
    {
        var node = await NewNodeAsync();
        var manifest = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            manifest,
            $$"""
            apiVersion: v1
            kind: Event
            metadata: {name: {{Unique("forged")}}, namespace: default, annotations: { {{annotations}} } }
            involvedObject: {apiVersion: v1, kind: Node, name: {{node.Name}}, uid: {{node.Name}}}
            reason: SlurmDecommissioned
            message: made up
            type: Normal
            """
        );
        await Kubectl.RunAsync("create", "-f", manifest);
        File.Delete(manifest);
        Assert.That(await OfAsync(Connect(), node.Name), Is.Empty);
    }

    private sealed class FirstList : IFollower<TakenNode>
    {
        private readonly TaskCompletionSource<IReadOnlyList<TakenNode>> told = new();

        public Task<IReadOnlyList<TakenNode>> Told => told.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Listed(IReadOnlyList<TakenNode> all) => told.TrySetResult(all);

        public void Changed(TakenNode one) { }

        public void Gone(TakenNode one) { }

        public void Lost(string why) { }
    }

    private static async Task<IReadOnlyList<HandOverEvent>> OfAsync(KubernetesCluster cluster, string node) =>
        [.. (await cluster.ReadHandOversAsync(default)).Where(e => e.Node == node)];
}
