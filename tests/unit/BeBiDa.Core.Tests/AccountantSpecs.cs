using BeBiDa.Accounts;

namespace BeBiDa.Tests;

/// <summary>How a journal adds up, whatever became of who wrote it and of the host's clock.</summary>
public sealed class AccountantSpecs
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);
    private static readonly KubernetesFacts Lent = new(true, false, "", 0, 0);
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    private readonly List<JournalLine> lines = [];
    private DateTimeOffset wall = Start;
    private double clock = 1000;
    private string run = "a";

    [SetUp]
    public void Begin()
    {
        lines.Clear();
        (wall, clock, run) = (Start, 1000, "a");
    }

    [Test]
    public void Each_stretch_counts_as_what_the_node_was_used_for()
    {
        Recording(("n1", "IDLE", Lent with { Pods = 2 }), ("n2", "ALLOCATED", Lent with { Unschedulable = true, Holds = "lab.7" }));
        Pass(60);
        Say("n1", "ALLOCATED", Lent with { Unschedulable = true, Holds = "lab.8", Pods = 1 });
        Pass(10);
        Say("n1", "ALLOCATED", Lent with { Unschedulable = true, Holds = "lab.8" });
        Pass(20);
        var account = Account();
        Assert.That(Uses(account), Is.EqualTo("Slurm 110, LentWithPods 60, Between 10"));
        Assert.That(account.Total.PodSeconds, Is.EqualTo(60 * 2 + 10).Within(0.001));
        Assert.That(account.Nodes, Is.EqualTo(2));
    }

    [Test]
    public void A_job_has_its_node_from_when_Kubernetes_told_of_it_and_not_from_when_Slurm_was_asked()
    {
        var held = Lent with { Unschedulable = true, Holds = "lab.7" };
        Recording(("n1", "IDLE", Lent with { Pods = 1 }));
        Pass(20);
        Say("n1", "IDLE", held with { Pods = 1 });
        Pass(1);
        Say("n1", "IDLE", held);
        Pass(3);
        Say("n1", "ALLOCATED", held);
        Pass(40);
        Say("n1", "ALLOCATED", Lent);
        Pass(4);
        Say("n1", "IDLE", Lent);
        Pass(10);
        Assert.That(Uses(Account()), Is.EqualTo("Slurm 43, LentWithPods 20, LentEmpty 14, Between 1"));
    }

    [TestCase(8, "LentEmpty 10, Between 8, Slurm 0", TestName = "A_hold_that_goes_before_Slurm_has_told_of_a_job_was_in_between")]
    [TestCase(30, "LentEmpty 10, Between 30, Slurm 0", TestName = "A_hold_that_stays_on_an_idle_node_is_in_between")]
    public void Holds_without_a_job(int seconds, string uses)
    {
        Recording(("n1", "IDLE", Lent));
        Pass(10);
        Say("n1", "IDLE", Lent with { Unschedulable = true, Holds = "lab.7" });
        Pass(seconds);
        Say("n1", "IDLE", Lent);
        var total = Account().Total;
        Assert.That(
            $"LentEmpty {total[NodeUse.LentEmpty]:0}, Between {total[NodeUse.Between]:0}, Slurm {total[NodeUse.Slurm]:0}",
            Is.EqualTo(uses)
        );
    }

    [Test]
    public void A_stretch_over_midnight_is_cut_at_the_midnight_of_the_zone()
    {
        wall = new DateTimeOffset(2026, 1, 31, 22, 59, 30, TimeSpan.Zero);
        Recording(("n1", "IDLE", Lent));
        Pass(50);
        Assert.That(Rows(Account()), Is.EqualTo("2026-01-31 LentEmpty 30; 2026-02-01 LentEmpty 20"));
    }

    [TestCase("2026-03-29", 23 * 3600)]
    [TestCase("2026-10-25", 25 * 3600)]
    [TestCase("2026-10-26", 24 * 3600)]
    public void A_day_has_as_many_hours_as_its_clocks_show(string day, int seconds)
    {
        wall = DateTimeOffset.Parse($"{day}T00:00:00Z") - TimeSpan.FromDays(1);
        Recording(("n1", "IDLE", Lent));
        for (var minutes = 0; minutes < 3 * 24 * 60; minutes++)
            Pass(60);
        Assert.That(Account().Rows.Single(r => r.Key == day).Tally[NodeUse.LentEmpty], Is.EqualTo(seconds).Within(1));
    }

    [TestCase(3600)]
    [TestCase(-3600)]
    [TestCase(86400 * 3)]
    public void A_step_of_the_hosts_clock_neither_adds_nor_loses_time(int step)
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        wall += TimeSpan.FromSeconds(step);
        Pass(60);
        Say("n1", "ALLOCATED", Lent with { Holds = "lab.7", Unschedulable = true });
        Pass(30);
        Assert.That(Uses(Account(Start.AddDays(-9), Start.AddDays(9))), Does.StartWith("Slurm 30, LentEmpty 120"));
    }

    [Test]
    public void A_slewed_clock_is_no_step()
    {
        Recording(("n1", "IDLE", Lent));
        for (var i = 0; i < 100; i++)
        {
            wall += TimeSpan.FromMilliseconds(30);
            Pass(60);
        }
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 6000"));
    }

    [Test]
    public void Between_the_last_line_of_a_killed_process_and_the_next_process_nothing_is_known()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        clock += 400;
        wall += TimeSpan.FromSeconds(400);
        run = "b";
        Recording(("n1", "ALLOCATED", Lent with { Unschedulable = true, Holds = "lab.7" }));
        Pass(40);
        Assert.That(Uses(Account()), Is.EqualTo("Slurm 40, LentEmpty 60, Unknown 400"));
    }

    [Test]
    public void A_clock_that_was_set_while_nobody_recorded_does_not_matter_before_the_host_is_started_again()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        clock += 10;
        wall += TimeSpan.FromHours(5);
        run = "b";
        Recording(("n1", "IDLE", Lent));
        Pass(40);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 100, Unknown 10"));
    }

    [Test]
    public void After_a_start_of_the_host_the_hosts_clock_tells_how_long_it_was_away()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        clock = 20;
        wall += TimeSpan.FromSeconds(300);
        run = "b";
        Recording(boot: "second", ("n1", "IDLE", Lent));
        Pass(40);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 100, Unknown 300"));
    }

    [Test]
    public void A_process_that_stood_still_knows_nothing_of_that_time()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        Pass(1000);
        Pass(10);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 70, Unknown 1000"));
    }

    [TestCase(Sources.Slurm, "LentEmpty 20, Unknown 60")]
    [TestCase(Sources.Kubernetes, "LentEmpty 20, Unknown 60")]
    [TestCase(Sources.HandOvers, "LentEmpty 80")]
    public void While_a_source_does_not_answer_the_use_is_unknown(string source, string uses)
    {
        Recording(("n1", "IDLE", Lent));
        Pass(10);
        Add(JournalLine.Away, line => line with { Source = source });
        Pass(60);
        Add(JournalLine.Back, line => line with { Source = source });
        Pass(10);
        var account = Account();
        Assert.That(Uses(account), Is.EqualTo(uses));
        Assert.That(account.WaitsUnknown, Is.EqualTo(source == Sources.HandOvers ? 60 : 0));
    }

    [Test]
    public void A_node_that_runs_a_job_is_known_to_do_so_without_Kubernetes()
    {
        Recording(("n1", "ALLOCATED", Lent with { Unschedulable = true, Holds = "lab.7" }));
        Add(JournalLine.Away, line => line with { Source = Sources.Kubernetes });
        Pass(60);
        Assert.That(Uses(Account()), Is.EqualTo("Slurm 60"));
    }

    [Test]
    public void Time_before_the_first_and_after_the_last_line_is_unknown_as_far_as_it_is_asked_for()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        Assert.That(Uses(Account(Start.AddSeconds(-100), Start.AddSeconds(1060))), Is.EqualTo("LentEmpty 60, Unknown 1100"));
        Assert.That(Uses(Account(Start.AddSeconds(10), Start.AddSeconds(30))), Is.EqualTo("LentEmpty 20"));
        // What has just happened is not written yet.
        Assert.That(Account(Start, Start.AddSeconds(80)).Until, Is.EqualTo(Start.AddSeconds(60)));
    }

    [Test]
    public void A_run_that_Slurm_never_answered_leaves_the_nodes_of_the_run_before_unknown()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        run = "b";
        Add(JournalLine.Start, line => line with { Boot = "first" });
        Pass(40);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 60, Unknown 40"));
        run = "c";
        Recording(("n1", "IDLE", Lent));
        Pass(10);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 70, Unknown 40"));
    }

    [Test]
    public void A_run_that_told_of_a_node_before_Slurm_answered_counts_its_time_once()
    {
        // A file that begins while Slurm is away; it was broken off before all was told.
        Add(JournalLine.Start, line => line with { Boot = "first" });
        Say("n1", "IDLE", Lent, "all");
        Pass(60);
        run = "b";
        Recording(("n1", "IDLE", Lent), ("n2", "IDLE", Lent));
        Pass(40);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 80, Unknown 120"));
        run = "c";
        Add(JournalLine.Start, line => line with { Boot = "first" });
        Say("n2", "IDLE", Lent, "all");
        Pass(30);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 80, Unknown 180"));
        run = "d";
        Recording(("n1", "IDLE", Lent), ("n2", "IDLE", Lent));
        Pass(10);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 100, Unknown 180"));
    }

    [Test]
    public void A_file_that_begins_in_the_middle_of_a_run_changes_nothing()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 120"));
    }

    [Test]
    public void Nodes_that_Kubernetes_never_knew_are_left_out_and_counted()
    {
        Recording(("n1", "IDLE", Lent), ("login", "IDLE", null));
        Pass(60);
        var account = Account();
        Assert.That((Uses(account), account.Nodes, account.LeftOut), Is.EqualTo(("LentEmpty 60", 1, 1)));
    }

    [Test]
    public void A_Kubernetes_that_was_away_all_the_time_leaves_no_node_out()
    {
        Add(JournalLine.Start, line => line with { Boot = "first" });
        Say("n1", "IDLE", null, "all");
        Add(JournalLine.Back, line => line with { Source = Sources.Slurm });
        Pass(60);
        var account = Account();
        Assert.That((Uses(account), account.Nodes, account.LeftOut), Is.EqualTo(("Unknown 60", 1, 0)));
    }

    [Test]
    public void A_node_that_Slurm_has_no_more_counts_until_then()
    {
        Recording(("n1", "IDLE", Lent));
        Pass(60);
        Add(JournalLine.Gone, line => line with { Node = "n1" });
        Pass(60);
        Assert.That(Uses(Account()), Is.EqualTo("LentEmpty 60"));
    }

    [Test]
    public void Rows_are_days_nodes_or_partitions()
    {
        Recording(("n2", "IDLE", Lent), ("n1", "IDLE", Lent));
        Say("n1", "IDLE", Lent, partitions: "long,short");
        Pass(10);
        Assert.That(Rows(Account(by: Grouping.Node)), Is.EqualTo("n1 LentEmpty 10; n2 LentEmpty 10"));
        Assert.That(Rows(Account(by: Grouping.Partition)), Is.EqualTo("all LentEmpty 10; long LentEmpty 10; short LentEmpty 10"));
    }

    [Test]
    public void Pods_that_were_evicted_and_their_lives_are_counted_apart_from_those_that_ended_by_themselves()
    {
        Recording(("n1", "IDLE", Lent));
        foreach (var lived in new[] { 10, 30, 80 })
            Add(JournalLine.PodLeft, line => line with { Node = "n1", Evicted = true, Seconds = lived });
        Add(JournalLine.PodLeft, line => line with { Node = "n1", Evicted = false, Seconds = 500 });
        Pass(1);
        var account = Account();
        Assert.That(account.Evicted, Is.EqualTo(new Durations(3, 120, 40, 30, 80)));
        Assert.That(
            (account.PodsEnded, account.Rows.Single().Tally.Evicted, account.Rows.Single().Tally.LostSeconds),
            Is.EqualTo((1, 3, 120.0))
        );
    }

    [Test]
    public void A_job_waits_for_the_last_of_its_nodes_and_once_however_often_that_is_told()
    {
        for (var told = 0; told < 2; told++)
        {
            Recording(("n1", "IDLE", Lent), ("n2", "IDLE", Lent));
            Taken("n1", "lab.7", 0.5);
            Taken("n2", "lab.7", 2);
            run = "b";
        }
        Taken("n1", "lab.8", 1);
        Taken("n1", "lab.6", 9, began: Start.AddHours(-1));
        Assert.That(Account(Start, Start.AddSeconds(80)).Waits, Is.EqualTo(new Durations(2, 3, 1.5, 1, 2)));
    }

    [Test]
    public void Percentiles_are_of_the_nearest_rank()
    {
        Assert.That(Durations.Of(Enumerable.Range(1, 200).Select(i => (double)i)), Is.EqualTo(new Durations(200, 20100, 100.5, 100, 198)));
        Assert.That(Durations.Of([]), Is.EqualTo(new Durations(0, 0, null, null, null)));
    }

    private void Recording(params (string Name, string State, KubernetesFacts? Kubernetes)[] nodes) => Recording("first", nodes);

    private void Recording(string boot, params (string Name, string State, KubernetesFacts? Kubernetes)[] nodes)
    {
        Add(JournalLine.Start, line => line with { Boot = boot });
        foreach (var (name, state, kubernetes) in nodes)
            Say(name, state, kubernetes, "all");
        foreach (var source in new[] { Sources.Slurm, Sources.Kubernetes, Sources.HandOvers })
            Add(JournalLine.Back, line => line with { Source = source });
    }

    private void Say(string node, string state, KubernetesFacts? kubernetes, string? partitions = null) =>
        Add(JournalLine.Changed, line => line with { Node = node, Slurm = state, Kubernetes = kubernetes, Partitions = partitions });

    private void Taken(string node, string job, double seconds, DateTimeOffset? began = null) =>
        Add(JournalLine.Taken, line => line with { Node = node, Job = job, Seconds = seconds, Began = began ?? Start });

    private void Pass(double seconds)
    {
        clock += seconds;
        wall += TimeSpan.FromSeconds(seconds);
        Add(JournalLine.Alive, line => line);
    }

    private void Add(string happened, Func<JournalLine, JournalLine> with) => lines.Add(with(new JournalLine(wall, clock, run, happened)));

    private Account Account(DateTimeOffset? since = null, DateTimeOffset? until = null, Grouping by = Grouping.Day)
    {
        var accountant = new Accountant(since, until ?? wall, Berlin);
        lines.ForEach(accountant.Read);
        return accountant.Close(by);
    }

    private static string Uses(Account account) => Uses(account.Total);

    private static string Rows(Account account) => string.Join("; ", account.Rows.Select(r => $"{r.Key} {Uses(r.Tally)}"));

    private static string Uses(Tally tally) =>
        string.Join(
            ", ",
            Enum.GetValues<NodeUse>().Select(use => (use, Math.Round(tally[use]))).Where(u => u.Item2 > 0).Select(u => $"{u.use} {u.Item2}")
        );
}
