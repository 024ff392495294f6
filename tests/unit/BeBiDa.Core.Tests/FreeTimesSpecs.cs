using System.Globalization;
using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Planning;
using BeBiDa.Standing;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>What Nodes say of how long they stay free. Backfill plans every 30 s here, a day ahead.</summary>
public sealed class FreeTimesSpecs
{
    private const int Day = 86_400;

    private FakeTimeProvider clock = null!;
    private DateTimeOffset begin;
    private Labels labels = null!;
    private FreeTimes times = null!;

    [SetUp]
    public void SetUp()
    {
        clock = Clock.New();
        begin = clock.GetUtcNow();
        labels = new Labels();
        times = new FreeTimes(
            new FakeCluster(clock).WithNodes("n1", "n2"),
            labels,
            new BebidaConfiguration { Nodes = new NodesConfiguration { Exclude = ["login"] } },
            clock
        );
    }

    [Test]
    public async Task Nothing_is_told_before_two_readings_agree()
    {
        await RunAsync(seconds: 25, Plan(1000));
        Assert.That(labels.Written, Is.Empty);
        await RunAsync(seconds: 15, Plan(1000));
        Assert.That(labels.Written, Is.EqualTo(new[] { "n1 512 until 1000" }));
    }

    [Test]
    public async Task A_label_falls_by_halves_and_an_idle_node_costs_some_dozen_writes()
    {
        await RunAsync(seconds: 5000, Plan(5000));
        Assert.That(
            labels.Written.Select(l => l.Split(' ')[1]),
            Is.EqualTo(new[] { "4096", "2048", "1024", "512", "256", "128", "64", "32", "0" })
        );
        Assert.That(labels.Written, Has.All.EndsWith(" until 5000"));
    }

    [Test]
    public async Task A_label_falls_at_once_and_rises_when_two_readings_agree()
    {
        await RunAsync(seconds: 60, Plan(5000));
        labels.Written.Clear();
        await RunAsync(seconds: 2, Plan(300));
        Assert.That(labels.Written, Is.EqualTo(new[] { "n1 128 until 300" }));
        await RunAsync(seconds: 28, Plan(9000));
        Assert.That(labels.Written, Has.Count.EqualTo(1));
        await RunAsync(seconds: 10, Plan(8500));
        Assert.That(labels.Written[1..], Is.EqualTo(new[] { "n1 8192 until 8500" }));
    }

    [Test]
    public async Task A_node_without_a_plan_is_free_for_as_long_as_slurm_plans_and_no_longer()
    {
        await RunAsync(seconds: 12 * 3600, Plan(null));
        Assert.That(
            labels.Written.Select(l => l.Split(' ')[1]),
            Is.EqualTo(new[] { "65536", "65536", "65536" }),
            "and until when is told anew"
        );
    }

    [Test]
    public async Task A_busy_nodes_label_falls_and_does_not_rise()
    {
        await RunAsync(seconds: 60, Plan(300));
        labels.Written.Clear();
        await RunAsync(seconds: 200, Plan(9000), NodeConditions.None);
        Assert.That(labels.Written.Select(l => l.Split(' ')[1]), Is.EqualTo(new[] { "64", "32" }));
    }

    [Test]
    public async Task A_reservation_ends_the_free_time_too()
    {
        await RunAsync(
            seconds: 40,
            Plan(9000),
            state: s => s with { Reservations = [new Reservation("lecture", begin.AddSeconds(600), begin.AddSeconds(900), ["n1"])] }
        );
        Assert.That(labels.Written, Is.EqualTo(new[] { "n1 512 until 600" }));
    }

    // It is held from then on, and pods leave.
    [Test]
    public async Task A_node_is_free_until_it_may_be_held_for_what_is_planned()
    {
        var lead = new NodesConfiguration { Lead = TimeSpan.FromSeconds(100) };
        times = new FreeTimes(new FakeCluster(clock).WithNodes("n1"), labels, new BebidaConfiguration { Nodes = lead }, clock);
        var plan = Plan(9000);
        await RunAsync(seconds: 40, plan with { Jobs = [.. plan.Jobs.Select(j => j with { Expected = begin.AddSeconds(700) })] });
        Assert.That(labels.Written, Is.EqualTo(new[] { "n1 512 until 600" }));
        var maintenance = new Reservation("repair", begin.AddSeconds(1000), begin.AddSeconds(9000), ["n1"]);
        await RunAsync(seconds: 5, plan, state: s => s with { Maintenance = [maintenance] });
        Assert.That(labels.Written[^1], Is.EqualTo("n1 256 until 400"), "slurm.maintenanceLead is ten minutes");
        // Later, and no time all the same.
        await RunAsync(seconds: 5, Plan(120));
        await RunAsync(seconds: 90, Plan(140));
        Assert.That(labels.Written.Count(l => l.Contains(" 0 ")), Is.EqualTo(1));
    }

    [Test]
    public async Task A_slurm_that_does_not_plan_has_its_labels_removed()
    {
        await RunAsync(seconds: 40, Plan(9000));
        await RunAsync(seconds: 5, Plan(9000) with { Window = TimeSpan.Zero });
        Assert.That(labels.Written[^1], Is.EqualTo("n1 none"));
        Assert.That(labels.Written, Has.Count.EqualTo(2));
    }

    // A write to a node that is gone is answered as one that came second.
    [TestCase(ClusterFault.Conflict)]
    [TestCase(ClusterFault.Refused)]
    public async Task A_node_that_cannot_be_written_keeps_no_other_from_its_label(ClusterFault fault)
    {
        SlurmNode[] nodes = [new("n1", NodeConditions.Idle, ""), new("n2", NodeConditions.Idle, "")];
        labels.Fault = (_, node) => node == "n1" ? fault : null;
        await RunAsync(seconds: 100, Plan(null), state: s => s with { Nodes = nodes });
        Assert.That((labels.Written.Count, labels.Tries), Is.EqualTo((1, 4)), "n2 once, and n1 every 30 s");
        labels.Fault = (_, _) => null;
        await RunAsync(seconds: 30, Plan(null), state: s => s with { Nodes = nodes });
        Assert.That(labels.Written[1], Does.StartWith("n1 "));
    }

    [Test]
    public async Task What_an_earlier_slurmctld_wrote_only_falls_and_is_removed_where_nothing_is_known()
    {
        foreach (var (name, until, told) in new[] { ("n1", 5000, 65536), ("n2", 5000, 4096) })
            labels.Before.Add(
                (new FakeCluster(clock).WithNodes("n1", "n2").Directory.ByName(name)!, new FreeTime(begin.AddSeconds(until), told))
            );
        // n2 is not Slurm's any more.
        await RunAsync(seconds: 8, Plan(9000), NodeConditions.None);
        Assert.That(labels.Written, Is.EquivalentTo(new[] { "n1 4096 until 5000", "n2 none" }));
    }

    [Test]
    public async Task A_label_is_right_until_all_before_it_are_written()
    {
        labels.Begin = begin;
        var names = Enumerable.Range(1, 100).Select(i => $"n{i}").ToArray();
        times = new FreeTimes(new FakeCluster(clock).WithNodes(names), labels, new BebidaConfiguration(), clock);
        SlurmNode[] nodes = [.. names.Select(n => new SlurmNode(n, NodeConditions.Idle, ""))];
        for (var i = 0; i < 300; i++)
        {
            if (i % 5 == 0)
                await times.LearnAsync(
                    new SlurmConditions("c", nodes, []),
                    new Schedule([new PendingJob(7) { Start = begin.AddSeconds(300), Nodes = names }], TimeSpan.FromSeconds(30))
                    {
                        Window = TimeSpan.FromSeconds(Day),
                    },
                    default
                );
            await times.LookAsync(default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.That(labels.Written, Has.Count.LessThan(300), "one a second");
        Assert.That(labels.Written.Select(l => l.Split(' ')[1]).Distinct(), Is.EqualTo(new[] { "128", "0" }));
    }

    [Test]
    public async Task What_promises_too_much_is_written_first()
    {
        SlurmNode[] nodes = [new("n1", NodeConditions.Idle, ""), new("n2", NodeConditions.Idle, "")];
        await RunAsync(seconds: 40, Plan(9000), state: s => s with { Nodes = nodes });
        labels.Written.Clear();
        await times.LearnAsync(
            new SlurmConditions("c", nodes, []),
            new Schedule(
                [
                    new PendingJob(7) { Start = begin.AddSeconds(5000), Nodes = ["n1"] },
                    new PendingJob(8) { Start = begin.AddSeconds(100), Nodes = ["n2"] },
                ],
                TimeSpan.FromSeconds(30)
            )
            {
                Window = TimeSpan.FromSeconds(Day),
            },
            default
        );
        for (var i = 0; i < 2; i++)
            await times.LookAsync(default);
        Assert.That(labels.Written.Select(l => l.Split(' ')[0]), Is.EqualTo(new[] { "n2", "n1" }));
    }

    private Schedule Plan(int? start) =>
        new(
            start is { } seconds ? [new PendingJob(7) { Start = begin.AddSeconds(seconds), Nodes = ["n1", "login"] }] : [],
            TimeSpan.FromSeconds(30)
        )
        {
            Window = TimeSpan.FromSeconds(Day),
        };

    // A look at Slurm every 5 s, and a write every second.
    private async Task RunAsync(
        int seconds,
        Schedule plans,
        NodeConditions conditions = NodeConditions.Idle,
        Func<SlurmConditions, SlurmConditions>? state = null
    )
    {
        var nodes = new SlurmConditions("c", [new SlurmNode("n1", conditions, ""), new SlurmNode("login", conditions, "")], []);
        for (var i = 0; i < seconds; i++)
        {
            if (i % 5 == 0)
                await times.LearnAsync(state?.Invoke(nodes) ?? nodes, plans, default);
            labels.Begin = begin;
            await times.LookAsync(default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private sealed class Labels : IFreeLabels
    {
        public List<string> Written { get; } = [];

        public List<(ClusterNode Node, FreeTime Told)> Before { get; } = [];

        public Func<Labels, string, ClusterFault?> Fault { get; set; } = (_, _) => null;

        public int Tries { get; private set; }

        public DateTimeOffset Begin { get; set; }

        public Task<IReadOnlyList<(ClusterNode Node, FreeTime Told)>> ReadFreeAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<(ClusterNode Node, FreeTime Told)>>(Before);

        public Task TellFreeAsync(ClusterNode node, FreeTime? free, CancellationToken cancellationToken)
        {
            Tries++;
            if (Fault(this, node.Name) is { } fault)
                throw new ClusterException(fault, "no");
            Written.Add(
                free is null
                    ? $"{node.Name} none"
                    : string.Create(CultureInfo.InvariantCulture, $"{node.Name} {free.Seconds} until {(free.Until - Begin).TotalSeconds}")
            );
            return Task.CompletedTask;
        }
    }
}
