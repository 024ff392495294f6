using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;

namespace BeBiDa.Tests;

/// <summary>Which nodes Slurm's power saving leaves on because of their pods.</summary>
public sealed class KeepAwakeSpecs
{
    private FakeCluster cluster = null!;
    private FakeConditions slurm = null!;
    private FakeList list = null!;
    private Lines log = null!;
    private KeepAwake keepAwake = null!;

    [SetUp]
    public void SetUp()
    {
        cluster = new FakeCluster(Clock.New()).WithNodes("n1", "n2", "n3");
        slurm = new FakeConditions();
        foreach (var node in new[] { "n1", "n2", "n3" })
            slurm.Is(node, NodeConditions.None);
        list = new FakeList();
        log = new Lines();
        keepAwake = New(new BebidaConfiguration());
    }

    [Test]
    public async Task A_node_with_a_pod_stays_on_until_the_pod_has_left()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        await LookAsync(times: 2);
        Assert.That((list.Now, list.Changes), Is.EqualTo(("n1", 1)));
        cluster.Remove(pod);
        await LookAsync(times: 2);
        Assert.That((list.Now, list.Changes), Is.EqualTo(("", 2)));
        Assert.That(log.All, Has.Some.Contains("added to SuspendExcNodes, because they have pods: n1"));
        Assert.That(log.All, Has.Some.Contains("removed from SuspendExcNodes, because their pods have left: n1"));
    }

    [Test]
    public async Task What_was_listed_before_stays_listed()
    {
        list.Nodes.UnionWith(["n1", "login"]);
        var pod = cluster.Add(Pod("a", "n1"));
        await LookAsync();
        cluster.Remove(pod);
        await LookAsync();
        Assert.That((list.Now, list.Changes), Is.EqualTo(("login n1", 0)));
    }

    [Test]
    public async Task What_slurmctld_has_forgotten_is_added_again_and_what_an_admin_removed_and_listed_again_is_the_admins()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        await LookAsync();
        list.Nodes.Clear();
        await LookAsync();
        Assert.That(list.Now, Is.EqualTo("n1"));
        cluster.Remove(pod);
        list.Nodes.Clear();
        await LookAsync();
        list.Nodes.Add("n1");
        await LookAsync();
        Assert.That(list.Now, Is.EqualTo("n1"));
    }

    [Test]
    public async Task Pods_that_never_leave_by_themselves_and_nodes_that_are_not_lent_keep_nothing_on()
    {
        cluster.Add(Pod("daemon", "n1") with { OfDaemonSet = true });
        cluster.Add(Pod("static", "n1") with { Mirror = true });
        cluster.Add(Pod("over", "n1") with { Finished = true });
        cluster.Add(Pod("a", "n2"));
        keepAwake = New(new BebidaConfiguration { Nodes = new NodesConfiguration { Exclude = ["n2"] } });
        await LookAsync();
        Assert.That(list.Now, Is.Empty);
    }

    [Test]
    public async Task An_answer_that_is_lost_does_not_keep_a_node_on_for_ever()
    {
        var pod = cluster.Add(Pod("a", "n1"));
        list.AnswerLost = true;
        Assert.That((await keepAwake.RepairAsync(default)).Problem, Is.EqualTo("timed out"));
        list.AnswerLost = false;
        await LookAsync();
        cluster.Remove(pod);
        await LookAsync();
        Assert.That(list.Now, Is.Empty);
    }

    private KeepAwake New(BebidaConfiguration configuration) => new(cluster, slurm, list, configuration, log);

    private async Task LookAsync(int times = 1)
    {
        for (var i = 0; i < times; i++)
            Assert.That((await keepAwake.RepairAsync(default)).Problem, Is.Null);
    }

    private static Pod Pod(string name, string node) =>
        new()
        {
            Namespace = "default",
            Name = name,
            Uid = name,
            Node = node,
        };

    private sealed class FakeList : INodesKeptOn
    {
        public SortedSet<string> Nodes { get; } = new(StringComparer.Ordinal);

        public string Now => string.Join(' ', Nodes);

        public int Changes { get; private set; }

        public bool AnswerLost { get; set; }

        public Task<IReadOnlySet<string>> ReadAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlySet<string>>(Nodes.ToHashSet());

        public Task AddAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken)
        {
            Changes++;
            Nodes.UnionWith(nodes);
            return AnswerLost ? throw new JobsUnknownException("timed out") : Task.CompletedTask;
        }

        public Task RemoveAsync(IReadOnlyCollection<string> nodes, CancellationToken cancellationToken)
        {
            Changes++;
            Nodes.ExceptWith(nodes);
            return Task.CompletedTask;
        }
    }
}
