using BeBiDa.Accounts;
using BeBiDa.Cluster;
using BeBiDa.Holds;
using Microsoft.Extensions.Time.Testing;

namespace BeBiDa.Tests;

/// <summary>What becomes a line of the journal, and what does not.</summary>
public sealed class RecorderSpecs
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private FakeTimeProvider clock = null!;
    private Lines journal = null!;
    private Recorder recorder = null!;

    [SetUp]
    public void Begin()
    {
        clock = new FakeTimeProvider(Start);
        journal = new Lines();
        recorder = new Recorder(new RecorderOptions(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), "boot"), journal, clock);
        recorder.NodesListed([Node()]);
        recorder.PodsListed([]);
        recorder.SlurmAnswered([Slurm("IDLE")]);
        recorder.HandOversListed();
    }

    [Test]
    public void It_begins_with_all_that_is_known_and_goes_on_with_what_changes()
    {
        Assert.That(journal.Told(), Is.EqualTo("start, back kubernetes, node n1 IDLE 0, back slurm, back handovers"));
        recorder.SlurmAnswered([Slurm("IDLE")]);
        recorder.NodeChanged(Node());
        recorder.Tick();
        Assert.That(journal.Told(), Is.Empty);
        recorder.SlurmAnswered([Slurm("ALLOCATED")]);
        recorder.PodChanged(Pod("a"));
        recorder.PodChanged(Pod("a"));
        recorder.NodeChanged(Node("7"));
        Assert.That(journal.Told(), Is.EqualTo("node n1 ALLOCATED 0, node n1 ALLOCATED 1, node n1 ALLOCATED 1 lab.7"));
        recorder.NodeGone("n1");
        recorder.SlurmAnswered([]);
        Assert.That(journal.Told(), Is.EqualTo("node n1 ALLOCATED none, gone n1"));
    }

    [Test]
    public void Partitions_are_written_when_they_change()
    {
        Assert.That(journal.All.Single(l => l.Event == JournalLine.Changed).Partitions, Is.EqualTo("all"));
        recorder.SlurmAnswered([Slurm("ALLOCATED")]);
        Assert.That(journal.All[^1].Partitions, Is.Null);
        recorder.SlurmAnswered([Slurm("ALLOCATED") with { Partitions = "" }]);
        Assert.That(journal.All[^1].Partitions, Is.Empty);
    }

    [Test]
    public void It_says_that_it_is_alive_more_often_than_a_reader_waits()
    {
        journal.Told();
        for (var seconds = 0; seconds < 120; seconds += 5)
            Pass(5);
        Assert.That(journal.Told(), Is.EqualTo("alive, alive, alive, alive"));
        Assert.That(
            journal.All.Zip(journal.All.Skip(1)).Max(pair => pair.Second.Clock - pair.First.Clock),
            Is.LessThan(JournalLine.LongestSilence.TotalSeconds)
        );
    }

    [Test]
    public void A_slurmctld_that_does_not_answer_is_away_after_two_intervals_and_back_with_its_answer()
    {
        journal.Told();
        for (var seconds = 0; seconds < 20; seconds++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            recorder.Tick();
        }
        Assert.That(journal.Told(), Is.EqualTo("away slurm"));
        Assert.That(journal.All[^1].Clock - journal.All[0].Clock, Is.EqualTo(11));
        recorder.SlurmAnswered([Slurm("ALLOCATED")]);
        Assert.That(journal.Told(), Is.EqualTo("node n1 ALLOCATED 0, back slurm"));
        recorder.SlurmFailed();
        Assert.That(journal.Told(), Is.EqualTo("away slurm"));
    }

    [Test]
    public void Kubernetes_is_away_until_both_Nodes_and_pods_are_known_again()
    {
        journal.Told();
        recorder.NodesLost();
        recorder.PodsLost();
        recorder.PodsListed([Pod("a")]);
        Assert.That(journal.Told(), Is.EqualTo("away kubernetes, node n1 IDLE 1"));
        recorder.NodesListed([Node("7")]);
        Assert.That(journal.Told(), Is.EqualTo("node n1 IDLE 1 lab.7, back kubernetes"));
    }

    [Test]
    public void A_new_day_begins_with_all_that_is_known()
    {
        recorder.PodChanged(Pod("a"));
        journal.Told();
        clock.Advance(TimeSpan.FromHours(16));
        recorder.Tick();
        Assert.That(journal.Told(), Is.EqualTo("start, node n1 IDLE 1, back kubernetes, back slurm, back handovers, away slurm"));
        Assert.That(journal.All.Select(l => l.Run).Distinct().Count(), Is.EqualTo(1));
        Assert.That(journal.Days, Is.EqualTo(new[] { new DateOnly(2026, 1, 31), new DateOnly(2026, 2, 1) }));
    }

    [Test]
    public void A_clock_that_is_set_back_does_not_lead_back_to_a_file_that_is_complete()
    {
        var set = new SetClock { Now = Start };
        recorder = new Recorder(new RecorderOptions(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), "boot"), journal, set);
        set.Now = Start.AddDays(-1);
        recorder.Tick();
        recorder.SlurmAnswered([Slurm("IDLE")]);
        Assert.That(journal.Days, Is.EqualTo(new[] { new DateOnly(2026, 1, 31) }));
    }

    [Test]
    public void A_clock_that_was_days_ahead_leads_back_to_the_day_when_it_is_set_right()
    {
        var set = new SetClock { Now = Start };
        recorder = new Recorder(new RecorderOptions(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), "boot"), journal, set);
        recorder.SlurmAnswered([Slurm("IDLE")]);
        set.Now = Start.AddYears(10);
        recorder.Tick();
        set.Now = Start;
        journal.Told();
        journal.Days.Clear();
        recorder.Tick();
        Assert.That(journal.Told(), Is.EqualTo("start, node n1 IDLE none, back slurm"));
        Assert.That(journal.Days, Is.EqualTo(new[] { new DateOnly(2026, 1, 31) }));
    }

    [Test]
    public void What_could_not_be_written_is_told_again_by_a_run_of_its_own()
    {
        var before = journal.All[^1].Run;
        journal.IsFull = true;
        recorder.SlurmAnswered([Slurm("ALLOCATED")]);
        journal.IsFull = false;
        recorder.PodChanged(Pod("a"));
        recorder.Tick();
        Assert.That(journal.Told(), Does.Contain("start, node n1 ALLOCATED 1, back"));
        Assert.That(journal.All[^1].Run, Is.Not.EqualTo(before));
    }

    [TestCase(true, true, true, TestName = "A_pod_that_leaves_a_held_node_was_evicted")]
    [TestCase(true, false, false, TestName = "A_pod_that_is_deleted_on_a_lent_node_was_not_evicted")]
    [TestCase(false, true, false, TestName = "A_pod_that_ends_by_itself_on_a_held_node_was_not_evicted")]
    public void Pods(bool isDeleted, bool isHeld, bool evicted)
    {
        recorder.PodChanged(Pod("a"));
        clock.Advance(TimeSpan.FromSeconds(40));
        if (isHeld)
            recorder.NodeChanged(Node("7"));
        var pod = Pod("a");
        recorder.PodChanged(
            isDeleted
                ? pod with
                {
                    Pod = pod.Pod with { DeletionTimestamp = clock.GetUtcNow() },
                }
                : pod with
                {
                    Pod = pod.Pod with { Finished = true },
                }
        );
        clock.Advance(TimeSpan.FromSeconds(1));
        recorder.PodGone("a");
        Pass(5);
        var left = journal.All.Single(l => l.Event == JournalLine.PodLeft);
        Assert.That((left.Node, left.Evicted, left.Seconds), Is.EqualTo(("n1", evicted, isDeleted ? 41.0 : 40.0)));
    }

    [Test]
    public void A_pod_that_was_there_before_has_lived_since_its_kubelet_took_it()
    {
        recorder.PodsListed([Pod("a") with { Started = Start.AddHours(-1) }]);
        Pass(10);
        recorder.PodsListed([]);
        recorder.Stop();
        var left = journal.All.Single(l => l.Event == JournalLine.PodLeft);
        Assert.That((left.Evicted, left.Seconds), Is.EqualTo((false, 3610.0)));
    }

    [Test]
    public void Pods_that_no_hand_over_evicts_do_not_count()
    {
        journal.Told();
        recorder.PodChanged(Pod("a") with { Pod = Pod("a").Pod with { OfDaemonSet = true } });
        recorder.PodChanged(Pod("b") with { Pod = Pod("b").Pod with { Mirror = true } });
        recorder.PodChanged(Pod("c") with { Pod = Pod("c").Pod with { Finished = true } });
        Assert.That(journal.Told(), Is.Empty);
    }

    [Test]
    public void A_job_is_told_to_have_waited_once_and_no_longer_than_it_may()
    {
        journal.Told();
        var job = new HoldKey("lab", 7);
        for (var i = 0; i < 2; i++)
            recorder.NodeTaken(new TakenNode("n1", job, Start, Start.AddSeconds(2)));
        recorder.NodeTaken(new TakenNode("n1", new HoldKey("lab", 8), Start, Start.AddSeconds(200)));
        recorder.NodeTaken(new TakenNode("n1", new HoldKey("lab", "maint"), Start, Start.AddSeconds(2)));
        recorder.NodeTaken(new TakenNode("other", job, Start, Start.AddSeconds(2)));
        Assert.That(
            journal.All.Where(l => l.Event == JournalLine.Taken).Select(l => (l.Job, l.Seconds)),
            Is.EqualTo(new[] { ("lab.7", (double?)2), ("lab.8", 30) })
        );
    }

    [Test]
    public void A_job_is_told_to_have_waited_also_for_a_Node_that_is_deleted_then_and_by_who_starts_later()
    {
        var hand = new TakenNode("n1", new HoldKey("lab", 7), Start, Start.AddSeconds(2));
        recorder.NodeGone("n1");
        recorder.NodeTaken(hand);
        Assert.That(journal.Told(), Does.EndWith("taken n1"));
        recorder = new Recorder(new RecorderOptions(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), "boot"), journal, clock);
        recorder.NodeTaken(hand);
        recorder.NodesListed([Node("7")]);
        recorder.PodsListed([]);
        recorder.SlurmAnswered([Slurm("ALLOCATED")]);
        Assert.That(journal.Told(), Does.EndWith("back slurm"));
        recorder.Tick();
        Assert.That(journal.Told(), Is.EqualTo("taken n1"));
    }

    private void Pass(int seconds)
    {
        clock.Advance(TimeSpan.FromSeconds(seconds));
        recorder.SlurmAnswered([Slurm("IDLE")]);
        recorder.Tick();
    }

    private static SlurmFacts Slurm(string state) => new("n1", state, "all");

    private static RecordedNode Node(params string[] jobs) =>
        new("n1", "n1", true, jobs.Length > 0, [.. jobs.Select(job => new Hold(new HoldKey("lab", uint.Parse(job)), Start))]);

    private static StartedPod Pod(string uid) =>
        new(
            new Pod
            {
                Namespace = "default",
                Name = uid,
                Uid = uid,
                Node = "n1",
            },
            null
        );

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => 1;
    }

    private sealed class Lines : IJournal
    {
        private int told;

        public List<JournalLine> All { get; } = [];

        public HashSet<DateOnly> Days { get; } = [];

        public bool IsFull { get; set; }

        public bool Append(DateOnly day, JournalLine line)
        {
            if (IsFull)
                return false;
            Days.Add(day);
            All.Add(line);
            return true;
        }

        /// <summary>What was written since the last time, in short.</summary>
        public string Told()
        {
            var now = All.Skip(told).Select(Short).ToList();
            told = All.Count;
            return string.Join(", ", now);
        }

        private static string Short(JournalLine line) =>
            line.Event switch
            {
                JournalLine.Changed =>
                    $"node {line.Node} {line.Slurm} {line.Kubernetes?.Pods.ToString() ?? "none"} {line.Kubernetes?.Holds}".TrimEnd(),
                _ => $"{line.Event} {line.Source ?? line.Node}".TrimEnd(),
            };
    }
}
