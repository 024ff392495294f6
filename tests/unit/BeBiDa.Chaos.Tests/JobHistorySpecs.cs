using BeBiDa.Chaos.Observation;
using BeBiDa.Lab;
using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>When a job ran for certain, as squeue's answers show it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class JobHistorySpecs
{
    private readonly JobHistory history = new();

    [Test]
    public void A_job_that_two_answers_show_running_ran_from_the_first_answer_to_the_second_question()
    {
        Answer(10, 11, Row(JobState.Running));
        Answer(20, 21, Row(JobState.Running));
        Answer(30, 31, Row(JobState.Completing));
        Assert.That(Runs(), Is.EqualTo(new[] { "n1 11-20" }));
    }

    [Test]
    public void One_answer_makes_no_time() =>
        Assert.That(
            () =>
            {
                Answer(10, 11, Row(JobState.Running));
                Answer(20, 21, Row(JobState.Completed));
                return Runs();
            },
            Is.Empty
        );

    [Test]
    public void A_job_that_is_configuring_does_not_run()
    {
        Answer(10, 11, Row(JobState.Configuring));
        Answer(20, 21, Row(JobState.Configuring));
        Assert.That(Runs(), Is.Empty);
    }

    [Test]
    public void A_job_that_was_requeued_between_two_answers_did_not_run_all_the_time()
    {
        Answer(10, 11, Row(JobState.Running, start: "a"));
        Answer(20, 21, Row(JobState.Running, start: "b"));
        Answer(30, 31, Row(JobState.Running, start: "b"));
        Assert.That(Runs(), Is.EqualTo(new[] { "n1 21-30" }));
    }

    [Test]
    public void A_job_runs_on_each_of_its_nodes()
    {
        Answer(10, 11, Row(JobState.Running, nodes: ["n1", "n2"]));
        Answer(20, 21, Row(JobState.Running, nodes: ["n1", "n2"]));
        Assert.That(Runs(), Is.EqualTo(new[] { "n1 11-20", "n2 11-20" }));
    }

    [Test]
    public void A_job_that_slurmctld_knows_no_more_stays_as_it_was_seen_last()
    {
        Answer(10, 11, Row(JobState.Running));
        Answer(20, 21);
        var life = history.Of("job").Single();
        Assert.That((life.Last.State, life.LastSeen), Is.EqualTo((JobState.Running, Time(11))));
    }

    private IEnumerable<string> Runs() => history.Runs().Select(run => $"{run.Node} {Seconds(run.Window.From)}-{Seconds(run.Window.To)}");

    private void Answer(int asked, int answered, params IReadOnlyList<JobRow> rows) => history.Answered(Time(asked), Time(answered), rows);

    private static JobRow Row(JobState state, string start = "a", params string[] nodes) =>
        new(1, "N/A", "job", state, start, nodes.Length > 0 ? nodes : ["n1"]);

    private static DateTimeOffset Time(int at) => DateTimeOffset.UnixEpoch.AddSeconds(at);

    private static double Seconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).TotalSeconds;
}
