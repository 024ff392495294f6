using BeBiDa.Planning;

namespace BeBiDa.Tests;

/// <summary>When planned jobs are to be expected, by how long jobs of these users ran before.</summary>
public sealed class RuntimesSpecs
{
    private const uint Alice = 1001;
    private const uint Bob = 1002;
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 8, 0, 0, TimeSpan.Zero);

    private readonly List<RunningJob> running = [];
    private Runtimes runtimes = null!;
    private uint ended;

    [SetUp]
    public void SetUp()
    {
        runtimes = new Runtimes();
        running.Clear();
    }

    // Of ten jobs, one ran for 10 % of its time, one for 20 %, and so on. This one has run for 30 of 100 minutes.
    [Test]
    public void A_job_comes_when_most_like_the_one_before_it_still_ran()
    {
        Learn(Alice, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100);
        Run(Alice, since: 30, limit: 100, "n1");
        Assert.That(Expected(Job(70, "n1", "n2")), Is.EqualTo(new[] { 20 }));
    }

    [Test]
    public void Of_all_jobs_before_it_the_last_to_end_counts()
    {
        Learn(Alice, 50, 50, 50, 50, 50);
        Run(Alice, since: 0, limit: 100, "n1");
        Run(Alice, since: 0, limit: 60, "n1", "n2");
        Run(Alice, since: 0, limit: 80, "n3");
        Run(Bob, since: 0, limit: 1000, "n4");
        Assert.That(Expected(Job(100, "n1", "n2", "n3")), Is.EqualTo(new[] { 50 }));
    }

    [TestCase(4, 0, TestName = "Too few jobs are no example")]
    [TestCase(5, 55, TestName = "Nor are jobs that ended sooner than this one")]
    public void Slurms_plan_counts_where_too_little_is_known(int jobs, int since)
    {
        Learn(Alice, [.. Enumerable.Repeat(50, jobs)]);
        Learn(Bob, 10, 10, 10, 10, 10);
        Run(Alice, since, limit: 100, "n1");
        Assert.That(Expected(Job(100 - since, "n1")), Is.EqualTo(new[] { 100 - since }));
    }

    // A licence perhaps, or a time that its user has asked for.
    [Test]
    public void Slurms_plan_counts_where_a_job_waits_for_no_other()
    {
        Learn(Alice, 50, 50, 50, 50, 50);
        Run(Alice, since: 0, limit: 100, "n9");
        Assert.That(Expected(Job(70, "n1")), Is.EqualTo(new[] { 70 }));
    }

    // OverTimeLimit, or its time while it was suspended.
    [Test]
    public void Slurms_plan_counts_where_a_job_has_outlived_its_limit_and_such_a_job_is_no_example_of_more()
    {
        Learn(Alice, 50, 50, 50, 50, 50);
        Run(Alice, since: 300, limit: 100, "n1");
        Assert.That(Expected(Job(70, "n1")), Is.EqualTo(new[] { 70 }));
        Learn(Bob, 49_000_000, 200, 200, 200, 200);
        Run(Bob, since: 0, limit: 60, "n2");
        Assert.That(Expected(Job(60, "n2")), Is.EqualTo(new[] { 60 }));
    }

    // Slurm would plan it for 12 h, when the last of these jobs ends at the latest.
    [Test]
    public void Slurms_plan_counts_where_a_job_waits_for_more_than_other_jobs()
    {
        Learn(Alice, 10, 10, 10, 10, 10);
        Run(Alice, since: 0, limit: 720, "n1");
        Assert.That(Expected(Job(720, "n1", "n2"), Job(800, "n1", "n2")), Is.EqualTo(new[] { 72, 800 }));
    }

    [Test]
    public void A_job_is_never_expected_after_slurms_plan()
    {
        Learn(Alice, 50, 50, 50, 50, 50);
        Run(Alice, since: 0, limit: 0, "n1");
        Assert.That(Expected(Job(70, "n1")), Is.EqualTo(new[] { 70 }));
    }

    [Test]
    public void What_is_planned_behind_a_planned_job_comes_earlier_with_it()
    {
        Learn(Alice, 50, 50, 50, 50, 50);
        Run(Alice, since: 0, limit: 100, "n1");
        Assert.That(Expected(Job(150, "n1"), Job(100, "n1")), Is.EqualTo(new[] { 75, 50 }));
    }

    [Test]
    public void A_job_that_is_shown_again_is_learnt_once_and_the_last_thirty_count()
    {
        var seen = new[] { new EndedJob(1, Alice, Now, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(100)) };
        for (var i = 0; i < 9; i++)
            runtimes.Learn(seen);
        Run(Alice, since: 0, limit: 100, "n1");
        Assert.That(Expected(Job(100, "n1")), Is.EqualTo(new[] { 100 }));
        Learn(Alice, [.. Enumerable.Repeat(20, 30)]);
        Learn(Alice, [.. Enumerable.Repeat(80, 30)]);
        Assert.That(Expected(Job(100, "n1")), Is.EqualTo(new[] { 80 }));
    }

    private void Learn(uint user, params int[] percent)
    {
        foreach (var share in percent)
            runtimes.Learn([new EndedJob(++ended, user, Now, TimeSpan.FromMinutes(share), TimeSpan.FromMinutes(100))]);
    }

    private void Run(uint user, int since, int limit, params string[] nodes) =>
        running.Add(new RunningJob(user, Now.AddMinutes(-since), TimeSpan.FromMinutes(limit), nodes));

    private static PendingJob Job(int start, params string[] nodes) =>
        new(7)
        {
            UserId = Alice,
            Limit = TimeSpan.FromMinutes(50),
            Start = Now.AddMinutes(start),
            Nodes = nodes,
        };

    private int[] Expected(params PendingJob[] jobs)
    {
        var schedule = runtimes.Expect(new Schedule(jobs, TimeSpan.FromSeconds(30)) { Running = running }, Now);
        return [.. schedule.Jobs.Select(job => (int)(job.Expected!.Value - Now).TotalMinutes)];
    }
}
