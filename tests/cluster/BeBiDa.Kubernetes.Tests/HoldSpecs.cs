using System.Globalization;
using BeBiDa.Cluster;
using BeBiDa.EmbeddedApi;
using BeBiDa.Holds;
using BeBiDa.Hollow.Api;
using BeBiDa.Kubernetes;
using BeBiDa.Lab;
using k8s.Models;

namespace BeBiDa.Tests;

[TestFixtureSource(typeof(TestServers), nameof(TestServers.All))]
public sealed class HoldSpecs(ApiServerKind kind) : ClusterTest(kind)
{
    private ClusterNode node = null!;
    private KubernetesCluster cluster = null!;

    [SetUp]
    public async Task HaveANodeAsync()
    {
        node = await NewNodeAsync();
        cluster = Connect();
    }

    [TearDown]
    public Task DeleteTheNodeAsync() => DeleteNodeAsync(node.Name);

    [Test]
    public async Task A_held_node_is_unschedulable_and_says_whose_it_is_since_when()
    {
        await HoldAsync(7);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.7", "slurm")));
        Assert.That((await ReadAsync(node)).Metadata.Annotations["hold.bebida.io/lab.7"], Is.EqualTo("2026-01-02T03:04:05Z"));
    }

    [Test]
    public async Task A_node_of_two_jobs_is_given_back_by_the_last_of_them()
    {
        await HoldAsync(1);
        await HoldAsync(2);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1 lab.2", "slurm")));

        var left = await ReleaseAsync(1);
        Assert.That(left.Select(h => h.Key), Is.EqualTo(new[] { Hold(2) }));
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.2", "slurm")));

        Assert.That(await ReleaseAsync(2), Is.Empty);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    // Many times what is read from a connection at once.
    [Test]
    public async Task Many_held_nodes_with_much_metadata_are_listed()
    {
        var names = new List<string>();
        try
        {
            for (var i = 0; i < 40; i++)
            {
                var one = await NewNodeAsync(labels: Enumerable.Range(0, 40).ToDictionary(n => $"label-{n}", n => new string('x', 60)));
                names.Add(one.Name);
                await cluster.HoldAsync(one, Hold(7), Since, default);
            }
            var directory = await Connect().NodesAsync(new CancellationTokenSource(Lab.Eventually.Patience).Token);
            Assert.That(directory.Nodes.Select(n => n.Name), Is.SupersetOf(names));
        }
        finally
        {
            foreach (var name in names)
                await DeleteNodeAsync(name);
        }
    }

    [TestCase("uncordon {0}", 1, 2)]
    [TestCase("patch node {0} --type=merge --patch {{\"spec\":{{\"unschedulable\":false}}}}", 1, 2)]
    [TestCase("annotate node {0} hold.bebida.io/lab.7-", 1, 1)]
    [TestCase("label node {0} bebida.io/owner=other --overwrite", 0, 0)]
    public async Task What_somebody_does_to_a_hold_is_told(string kubectl, int once, int afterAnotherHold)
    {
        await cluster.NodesAsync(default);
        var (told, asked) = (0, 0);
        cluster.HoldBroken += broken => Interlocked.Add(ref told, broken == node ? 1 : 0);
        await HoldAsync(7);
        await HoldAsync(8);
        await ReleaseAsync(8);
        Assert.That(await ToldAsync(), Is.Zero, "these are our own writes");

        await Kubectl.RunAsync(string.Format(CultureInfo.InvariantCulture, kubectl, node.Name).Split(' '));
        await HoldAsync(9);
        Assert.That(await ToldAsync(), Is.EqualTo(once), "it is not told again with each write");
        await ReleaseAsync(9);
        Assert.That(await ToldAsync(), Is.EqualTo(afterAnotherHold), "the other hold's cordon has hidden it");

        await HoldAsync(7);
        await Kubectl.RunAsync("uncordon", node.Name);
        await Kubectl.RunAsync("cordon", node.Name);
        await Kubectl.RunAsync("uncordon", node.Name);
        Assert.That(await ToldAsync(), Is.EqualTo(afterAnotherHold + 2));

        // What follows it in the watch has been read when it has.
        async Task<int> ToldAsync()
        {
            var directory = await cluster.NodesAsync(default);
            var mark = $"m{++asked}";
            await cluster.MarkAsync(node, "bebida.io/maintenance", mark, null, default);
            await Eventually("the mark is seen", () => Task.FromResult(directory.ByName(node.Name)?.Mark?.Label == mark));
            await cluster.UnmarkAsync(node, "bebida.io/maintenance", default);
            return Volatile.Read(ref told);
        }
    }

    // The cluster tries nothing twice: a conflict would be thrown here.
    [Test]
    public async Task Jobs_take_a_node_and_give_it_back_at_once_without_one_conflict()
    {
        var configuration = Configuration();
        cluster = Connect(configuration with { Kubernetes = configuration.Kubernetes with { MaxInFlight = 512 } });
        var jobs = Enumerable.Range(1, 100).Select(job => (uint)job).ToList();
        await Task.WhenAll(jobs.Select(HoldAsync));
        Assert.That((await ReadAsync(node)).Metadata.Annotations.Keys, Is.SupersetOf(jobs.Select(job => $"hold.bebida.io/lab.{job}")));
        await Task.WhenAll(jobs.Select(ReleaseAsync));
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    [Test]
    public async Task Released_twice_is_released_once()
    {
        await HoldAsync(1);
        await HoldAsync(2);
        await ReleaseAsync(1);
        var before = (await ReadAsync(node)).Metadata.ResourceVersion;
        Assert.That((await ReleaseAsync(1)).Select(h => h.Key), Is.EqualTo(new[] { Hold(2) }));
        Assert.That((await ReadAsync(node)).Metadata.ResourceVersion, Is.EqualTo(before));
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.2", "slurm")));
    }

    [Test]
    public async Task A_hold_that_is_to_be_released_unchanged_stays_if_somebody_has_written_it_anew()
    {
        var read = new Hold(new HoldKey("lab", Holders.Linger), Since, new HoldReason("x", Since.AddMinutes(1)));
        var renewed = read with { Reason = new HoldReason("x", Since.AddMinutes(2)) };
        await cluster.HoldAsync(node, read, default);
        await cluster.HoldAsync(node, renewed, default);
        Assert.That(await cluster.ReleaseUnchangedAsync(node, read, default), Is.EqualTo(new[] { renewed }));
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.linger", "slurm")));
        Assert.That(await cluster.ReleaseUnchangedAsync(node, renewed, default), Is.Empty);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    [Test]
    public async Task A_hold_whose_annotation_somebody_has_removed_is_released_all_the_same()
    {
        var lease = new Hold(new HoldKey("lab", Holders.Linger), Since, new HoldReason("x", Since.AddMinutes(1)));
        await cluster.HoldAsync(node, lease, default);
        await Kubectl.RunAsync("annotate", "node", node.Name, $"{lease.Key.Annotation}-");
        Assert.That(await cluster.ReleaseUnchangedAsync(node, lease, default), Is.Empty);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    // Between its reading and its write, another request of anybody's changes the node: Server-Side Apply with a version refuses.
    [Test]
    public async Task A_release_of_what_was_read_conflicts_with_any_write_that_came_between()
    {
        await HoldAsync(7);
        var before = (await ReadAsync(node)).Metadata.ResourceVersion;
        await HoldAsync(8);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node.Name}, resourceVersion: '{before}'}}\n");
        string[] apply = ["apply", "--server-side", "--force-conflicts", "--field-manager", Hold(7).FieldManager, "-f", file];
        await Assert.ThatAsync(() => Kubectl.RunAsync(apply), Throws.TypeOf<LabException>().With.Message.Contains("has been modified"));
        File.Delete(file);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.7 lab.8", "slurm")));
    }

    [Test]
    public async Task Held_twice_is_held_once_since_the_later_time()
    {
        await HoldAsync(1);
        var before = await ReadAsync(node);
        await cluster.HoldAsync(node, Hold(1), Since.AddMinutes(1), default);
        var after = await ReadAsync(node);
        Assert.That(after.Metadata.Annotations["hold.bebida.io/lab.1"], Is.EqualTo("2026-01-02T03:05:05Z"));
        after.Metadata.Annotations["hold.bebida.io/lab.1"] = before.Metadata.Annotations["hold.bebida.io/lab.1"];
        Assert.That(Content(after), Is.EqualTo(Content(before)));

        // One release is enough for both.
        Assert.That(await ReleaseAsync(1), Is.Empty);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    [Test]
    public async Task A_node_cordoned_by_an_admin_stays_cordoned_after_the_last_job()
    {
        await Kubectl.RunAsync("cordon", node.Name);
        await HoldAsync(1);
        await ReleaseAsync(1);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "", (string?)null)));
    }

    [Test]
    public async Task A_node_uncordoned_by_hand_keeps_its_hold_on_record_and_is_held_again_by_the_next_try()
    {
        await HoldAsync(1);
        await Kubectl.RunAsync("uncordon", node.Name);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "lab.1", "slurm")));
        await HoldAsync(1);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1", "slurm")));
        await ReleaseAsync(1);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    [Test]
    public async Task A_job_that_never_held_a_node_takes_nothing_off_it()
    {
        await HoldAsync(1);
        await ReleaseAsync(2);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1", "slurm")));
    }

    [Test]
    public async Task A_node_that_is_gone_is_not_made_up()
    {
        var gone = node with { Name = Unique("gone") };
        foreach (
            var work in new Func<Task>[]
            {
                () => cluster.HoldAsync(gone, Hold(1), Since, default),
                () => cluster.ReleaseAsync(gone, Hold(1), default),
            }
        )
            Assert.That((await FailsAsync(work)).Fault, Is.EqualTo(ClusterFault.Conflict).Or.EqualTo(ClusterFault.NotFound));
        var read = await CatchAsync<ApiException>(() => ReadAsync(gone));
        Assert.That(read.Code, Is.EqualTo(System.Net.HttpStatusCode.NotFound));
    }

    [Test]
    public async Task A_node_that_was_registered_anew_is_not_held_in_the_name_of_the_old_one()
    {
        await DeleteNodeAsync(node.Name);
        var again = await NewNodeAsync(node.Name);
        Assert.That(again.Uid, Is.Not.EqualTo(node.Uid));
        Assert.That((await FailsAsync(() => HoldAsync(1))).Fault, Is.EqualTo(ClusterFault.Conflict));
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
        await cluster.HoldAsync(again, Hold(1), Since, default);
        Assert.That(await StateAsync(node.Name), Is.EqualTo((true, "lab.1", "slurm")));
    }

    [Test]
    public async Task Two_hundred_edits_of_others_at_the_same_moment_all_survive()
    {
        const int edits = 200;
        var taints = new List<object>();
        var path = Resources.Nodes.At(null, node.Name);
        var editing = Task.Run(async () =>
        {
            for (var i = 0; i < edits; i++)
            {
                var name = $"others.test/e{i}";
                switch (i % 3)
                {
                    case 0:
                        await Admin.MergeAsync<V1Node>(
                            path,
                            new { metadata = new { labels = new Dictionary<string, string> { [name] = "l" } } },
                            default
                        );
                        break;
                    case 1:
                        await Admin.MergeAsync<V1Node>(
                            path,
                            new { metadata = new { annotations = new Dictionary<string, string> { [name] = "a" } } },
                            default
                        );
                        break;
                    default:
                        taints.Add(new { key = name, effect = "PreferNoSchedule" });
                        await Admin.MergeAsync<V1Node>(path, new { spec = new { taints } }, default);
                        break;
                }
            }
        });
        var handOvers = 0;
        var holding = new[] { 1u, 2u }.Select(job =>
            Task.Run(async () =>
            {
                do
                {
                    await UntilNoConflictAsync(() => HoldAsync(job));
                    await UntilNoConflictAsync(() => ReleaseAsync(job));
                    Interlocked.Increment(ref handOvers);
                } while (!editing.IsCompleted);
            })
        );
        await Task.WhenAll([editing, .. holding]);

        var after = await ReadAsync(node);
        Assert.That(handOvers, Is.GreaterThan(2), "there were no holds at the moment of the edits");
        Assert.Multiple(() =>
        {
            foreach (var (i, name) in Enumerable.Range(0, edits).Select(i => (i, $"others.test/e{i}")))
                Assert.That(
                    i % 3 == 0 ? after.Metadata.Labels.ContainsKey(name)
                        : i % 3 == 1 ? after.Metadata.Annotations.ContainsKey(name)
                        : after.Spec.Taints.Any(t => t.Key == name),
                    Is.True,
                    name
                );
        });
        Assert.That(await StateAsync(node.Name), Is.EqualTo((false, "", (string?)null)));
    }

    private Task HoldAsync(uint job) => cluster.HoldAsync(node, Hold(job), Since, default);

    private Task<IReadOnlyList<BeBiDa.Holds.Hold>> ReleaseAsync(uint job) => cluster.ReleaseAsync(node, Hold(job), default);

    private static async Task UntilNoConflictAsync(Func<Task> work)
    {
        while (true)
        {
            try
            {
                await work();
                return;
            }
            catch (ClusterException e) when (e.Fault == ClusterFault.Conflict)
            {
                // Another writer was quicker; hand-overs retry this.
            }
        }
    }

    // Without what every write changes.
    private static string Content(V1Node node) =>
        k8s.KubernetesJson.Serialize(
            new
            {
                node.Metadata.Labels,
                node.Metadata.Annotations,
                node.Spec,
            }
        );
}
