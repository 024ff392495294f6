using BeBiDa.Configuration;
using BeBiDa.Planning;
using BeBiDa.Reconciliation;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>When Slurm's plans are read, and what they mean for nodes. Backfill plans every 30 s here.</summary>
public sealed class ForesightSpecs
{
    private static readonly SlurmNode Planned = new("n1", NodeConditions.Idle | NodeConditions.Planned, "");

    private FakeTimeProvider clock = null!;
    private FakePlans plans = null!;
    private Foresight foresight = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        plans = new FakePlans(clock);
        foresight = New(new BebidaConfiguration());
    }

    [Test]
    public async Task Jobs_are_read_three_times_at_the_start_and_then_only_while_a_lent_node_is_planned()
    {
        foresight = New(new BebidaConfiguration { Nodes = new NodesConfiguration { Exclude = ["n9"] } });
        plans.Jobs.Add(Job(7, "n9", "n1"));
        Assert.That(foresight.KnowsAll, Is.False);
        await LookAsync(times: 6, new SlurmNode("n1", NodeConditions.Idle, ""), Planned with { Name = "n9" });
        Assert.That((plans.Questions, foresight.KnowsAll), Is.EqualTo((3, true)));
        await LookAsync(times: 3, Planned);
        Assert.That(plans.Questions, Is.EqualTo(6));
    }

    [Test]
    public async Task Jobs_are_read_at_most_once_in_an_interval_of_backfill()
    {
        for (var i = 0; i < 60; i++)
        {
            await foresight.LookAsync(State(Planned), default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.That(plans.Questions, Is.EqualTo(2));
    }

    [Test]
    // Half a hundredth of the time at most; but never less often than every tenth interval.
    [TestCase(1, 2)]
    [TestCase(20, 1)]
    public async Task A_reading_that_takes_long_is_followed_by_a_long_rest(int takes, int readings)
    {
        plans.Takes = TimeSpan.FromSeconds(takes);
        for (var i = 0; i < 210; i++)
        {
            await foresight.LookAsync(State(Planned), default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.That(plans.Questions, Is.EqualTo(readings));
        clock.Advance(TimeSpan.FromSeconds(200));
        await foresight.LookAsync(State(Planned), default);
        Assert.That(plans.Questions, Is.EqualTo(readings + 1));
    }

    // Its pods may be part of that job's work.
    [TestCase(NodeConditions.None)]
    [TestCase(NodeConditions.Idle)]
    public async Task A_node_that_has_a_job_or_is_not_planned_now_does_not_begin_to_be_held(NodeConditions conditions)
    {
        plans.Jobs.Add(Job(7, "n1"));
        await LookAsync(times: 2, Planned);
        Assert.That(foresight.Due(State(Planned with { Conditions = conditions }), clock.GetUtcNow()), Is.Empty);
        Assert.That(foresight.Due(State(Planned), clock.GetUtcNow()).Keys, Is.EqualTo(new[] { "n1" }));
    }

    [Test]
    public async Task What_cannot_be_read_changes_nothing()
    {
        plans.Jobs.Add(Job(7, "n1"));
        await LookAsync(times: 2, Planned);
        plans.Silent = "no answer";
        await LookAsync(times: 2, Planned);
        Assert.That(foresight.Due(State(Planned), clock.GetUtcNow()).Keys, Is.EqualTo(new[] { "n1" }));
    }

    [TestCase("root", "", "p", false)]
    [TestCase("alice", "", "p", true)]
    [TestCase("alice", "kept", "p", false)]
    [TestCase("alice", "", "p,cloud", true)]
    [TestCase("alice", "", "cloud", false)]
    [TestCase("alice", "", "p,keep", false)]
    public async Task A_job_that_may_keep_its_nodes_in_Kubernetes_is_no_plan(string user, string account, string partitions, bool counts)
    {
        foresight = New(
            new BebidaConfiguration
            {
                Jobs = new JobsConfiguration
                {
                    Partitions = ["p", "keep"],
                    MayKeep = new MayKeepConfiguration { Accounts = ["kept"], Partitions = ["keep"] },
                },
            }
        );
        plans.Jobs.Add(Job(7, "n1") with { User = user, Account = account, Partitions = partitions.Split(',') });
        await LookAsync(times: 2, Planned);
        Assert.That(foresight.Due(State(Planned), clock.GetUtcNow()).Count, Is.EqualTo(counts ? 1 : 0));
    }

    [Test]
    public async Task A_reservation_that_begins_soon_is_a_plan_for_as_many_nodes_as_its_pending_jobs_need()
    {
        var begin = clock.GetUtcNow().AddSeconds(100);
        foreach (var (id, nodes) in new (uint, int)[] { (7, 1), (8, 2) })
            plans.Jobs.Add(Job(id) with { Start = null, Reservation = "lecture", NodeCount = nodes });
        string[] names = ["n1", "n2", "n3", "n4"];
        var state = State([.. names.Select(n => new SlurmNode(n, NodeConditions.Idle, ""))]) with
        {
            Reservations = [new Reservation("lecture", begin, begin.AddHours(1), names)],
        };
        for (var i = 0; i < 2; i++)
        {
            await foresight.LookAsync(state, default);
            clock.Advance(TimeSpan.FromSeconds(30));
        }
        Assert.That(
            foresight.Due(state, clock.GetUtcNow()).Select(d => $"{d.Key}:{d.Value.Job}"),
            Is.EquivalentTo(new[] { "n1:7", "n2:8", "n3:8" })
        );
    }

    private Foresight New(BebidaConfiguration configuration) =>
        new(plans, configuration with { Nodes = configuration.Nodes with { Lead = TimeSpan.FromMinutes(2) } }, clock, new Lines());

    private async Task LookAsync(int times, params SlurmNode[] nodes)
    {
        for (var i = 0; i < times; i++)
        {
            await foresight.LookAsync(State(nodes), default);
            clock.Advance(TimeSpan.FromSeconds(30));
        }
    }

    private static SlurmConditions State(params SlurmNode[] nodes) => new("c", nodes, []);

    private PendingJob Job(uint id, params string[] nodes) =>
        new(id)
        {
            User = "alice",
            Partitions = ["p"],
            Start = clock.GetUtcNow().AddSeconds(100),
            Nodes = nodes,
        };

    private sealed class FakePlans(FakeTimeProvider clock) : ISlurmPlans
    {
        public List<PendingJob> Jobs { get; } = [];

        public string? Silent { get; set; }

        public TimeSpan Takes { get; set; }

        public int Questions { get; private set; }

        public Task<Schedule> ReadAsync(CancellationToken cancellationToken)
        {
            Questions++;
            clock.Advance(Takes);
            return Silent is { } why
                ? throw new JobsUnknownException(why)
                : Task.FromResult(new Schedule([.. Jobs], TimeSpan.FromSeconds(30)));
        }
    }
}
