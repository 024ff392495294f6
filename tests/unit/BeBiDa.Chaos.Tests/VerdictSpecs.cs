using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>What counts as certain: a job that ran through all of the window in which its node was schedulable at some moment.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class VerdictSpecs
{
    private readonly NodeHistory nodes = new();

    [TestCase("[t] error: bebida: whatever the words are event=internal-error", true)]
    [TestCase("fatal: slurmctld gives up", true)]
    [TestCase("Unhandled exception. System.Exception: a", true)]
    [TestCase("[t] error: bebida: job 7: denied: event=internal-error is what a webhook says", false)]
    [TestCase("[t] error: bebida: job 7: decommission failed event=decommission outcome=failed job=7 ms=1", false)]
    public void An_internal_error_is_found_by_the_end_of_its_line(string line, bool found) =>
        Assert.That(Verdict.Internal($"[t] before\n{line}\n[t] after\n"), Has.Exactly(found ? 1 : 0).Items);

    [Test]
    public void A_node_that_a_read_shows_schedulable_during_a_job_is_found()
    {
        Read(version: 1, schedulable: true, 20, 30);
        Assert.That(Found(Run(10, 40)), Is.EqualTo(1));
    }

    [TestCase(25, 40, TestName = "A_read_that_was_asked_for_before_the_job_ran_is_no_evidence")]
    [TestCase(10, 25, TestName = "A_read_that_was_answered_after_the_job_ran_is_no_evidence")]
    public void A_read_across_a_job_s_edge(int from, int to)
    {
        Read(version: 1, schedulable: true, 20, 30);
        Assert.That(Found(Run(from, to)), Is.Zero);
    }

    [Test]
    public void A_moment_between_two_reads_is_found_by_the_watch()
    {
        Read(version: 1, schedulable: false, 10, 12);
        Told(version: 2, schedulable: true, 15);
        Told(version: 3, schedulable: false, 16);
        Read(version: 3, schedulable: false, 20, 22);
        Assert.That(Found(Run(5, 30)), Is.EqualTo(1));
    }

    [Test]
    public void A_version_that_may_be_from_before_the_job_is_no_evidence_whenever_the_watch_tells_of_it()
    {
        Read(version: 1, schedulable: false, 10, 12);
        Told(version: 2, schedulable: true, 25);
        Told(version: 3, schedulable: false, 26);
        Assert.That(Found(Run(20, 40)), Is.Zero);
    }

    [Test]
    public void A_version_that_a_read_shows_to_be_past_before_the_job_ended_is_found_however_late_the_watch_tells_of_it()
    {
        Read(version: 1, schedulable: false, 20, 22);
        Read(version: 3, schedulable: false, 30, 32);
        Told(version: 2, schedulable: true, 90);
        Assert.That(Found(Run(10, 40)), Is.EqualTo(1));
    }

    [Test]
    public void A_version_that_was_told_of_after_an_outage_in_which_the_job_ended_is_no_evidence()
    {
        Read(version: 1, schedulable: false, 20, 22);
        Told(version: 2, schedulable: true, 90);
        Read(version: 2, schedulable: true, 91, 92);
        Assert.That(Found(Run(10, 60)), Is.Zero);
    }

    [Test]
    public void A_version_of_which_nothing_says_since_when_it_is_there_is_no_evidence()
    {
        Told(version: 2, schedulable: true, 15);
        Assert.That(Found(Run(10, 40)), Is.Zero);
    }

    [Test]
    public void Another_node_is_another_matter()
    {
        Read(version: 1, schedulable: true, 20, 30);
        Assert.That(Verdict.Schedulable([new CertainRun(1, "n2", At(10, 40))], nodes), Is.Empty);
    }

    [Test]
    public void A_pod_that_was_there_before_the_hold_and_is_there_beside_the_tasks_is_found()
    {
        Read(version: 1, schedulable: true, 10, 11);
        Read(version: 2, schedulable: false, 12, 13, "hold.bebida.io/lab.1");
        Assert.That(Pods(firstSeen: 5), Is.EqualTo(1));
    }

    [Test]
    public void A_pod_that_may_have_come_after_the_hold_is_no_evidence()
    {
        Read(version: 1, schedulable: true, 10, 11);
        Read(version: 2, schedulable: false, 12, 13, "hold.bebida.io/lab.1");
        Assert.That(Pods(firstSeen: 11), Is.Zero);
    }

    private int Pods(int firstSeen) =>
        Verdict.Pods([Run(20, 40)], nodes, [new PodSighting("pod", "n1", Time(firstSeen), At(25, 26))]).Count;

    private int Found(CertainRun run) => Verdict.Schedulable([run], nodes).Count;

    private void Read(long version, bool schedulable, int asked, int answered, params string[] holds) =>
        nodes.Read("n1", new NodeState(version, schedulable, holds.ToHashSet()), Time(asked), Time(answered));

    private void Told(long version, bool schedulable, int when) =>
        nodes.Told("n1", new NodeState(version, schedulable, new HashSet<string>()), Time(when));

    private static CertainRun Run(int from, int to) => new(1, "n1", At(from, to));

    private static Window At(int from, int to) => new(Time(from), Time(to));

    private static DateTimeOffset Time(int at) => DateTimeOffset.UnixEpoch.AddSeconds(at);
}
