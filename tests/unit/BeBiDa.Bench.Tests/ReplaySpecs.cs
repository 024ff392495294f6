using BeBiDa.Harvest.Replay;
using BeBiDa.Harvest.Traces;

namespace BeBiDa.Bench.Tests;

public sealed class ReplaySpecs
{
    private static readonly TimeSpan Pass = TimeSpan.FromSeconds(30);

    [Test]
    public void Jobs_start_in_order_and_backfill_delays_nobody_who_came_before()
    {
        var started = Run(4, Job(1, 0, 100, 200, 3), Job(2, 1, 50, 50, 4), Job(3, 2, 60, 100, 1), Job(4, 3, 60, 300, 1));
        // 1 may last until 200, so 3 fits before 2 and 4 does not; 1 ends early, and 2 comes as soon as it can.
        Assert.That(started, Is.EqualTo(new[] { "1 at 0 on 0,1,2", "3 at 30 on 3", "2 at 100 on 0,1,2,3", "4 at 150 on 0" }));
    }

    [Test]
    public void A_job_is_not_started_before_a_pass_where_another_waits_in_front()
    {
        var started = Run(2, Job(1, 0, 100, 100, 1), Job(2, 1, 10, 10, 2), Job(3, 61, 5, 5, 1));
        Assert.That(started, Is.EqualTo(new[] { "1 at 0 on 0", "3 at 90 on 1", "2 at 100 on 0,1" }));
    }

    // 2 waits for 1, whose time limit is known, and comes earlier where 1 ends earlier.
    [TestCase(200, "3 to 3 from 100 to 200, kept")]
    [TestCase(150, "3 to 3 from 100 to 150, kept")]
    [TestCase(90, "")]
    public void An_idle_node_is_held_before_its_planned_job_from_the_lead_on(int runtime, string held)
    {
        var foreseeing = new Foreseeing(4, TimeSpan.FromSeconds(100), Pass);
        _ = new Backfill(4, Pass, TimeSpan.Zero) { Foreseeing = foreseeing }.Run([Job(1, 0, runtime, 200, 3), Job(2, 1, 50, 50, 4)]);
        Assert.That(
            string.Join(
                "; ",
                foreseeing
                    .Times.GroupBy(t => (t.Begin, t.End, t.Kept))
                    .Select(g =>
                        $"{g.Min(t => t.Node)} to {g.Max(t => t.Node)} from {g.Key.Begin} to {g.Key.End}, {(g.Key.Kept ? "kept" : "wasted")}"
                    )
            ),
            Is.EqualTo(held)
        );
    }

    // The fourth node is idle until the first job's limit ends, and has a job from then on.
    [TestCase(0, 0)]
    [TestCase(65, 128)]
    [TestCase(100, 64)]
    [TestCase(199, 0)]
    public void A_label_says_how_long_an_idle_node_stays_free(double at, double seconds)
    {
        var promises = new Promises(4);
        var foreseeing = new Foreseeing(4, TimeSpan.Zero, Pass, promises);
        _ = new Backfill(4, Pass, TimeSpan.Zero) { Foreseeing = foreseeing }.Run([Job(1, 0, 200, 200, 3), Job(2, 1, 50, 50, 4)]);
        Assert.That(promises.Of(3, at), Is.EqualTo(seconds));
    }

    [Test]
    public void No_node_has_two_jobs_and_no_job_is_lost()
    {
        foreach (var workload in Workload.All)
        {
            var jobs = workload.Make(32, 0.5, 3);
            var started = new Backfill(32, Pass, TimeSpan.FromSeconds(0.5)).Run(jobs);
            Assert.That(started.Select(s => s.Job.Number).Order(), Is.EqualTo(jobs.Select(job => job.Number)), workload.Name);
            foreach (var node in Enumerable.Range(0, 32))
            {
                var own = started.Where(s => s.Nodes.Contains(node)).OrderBy(s => s.Start).ToList();
                Assert.That(own.Zip(own.Skip(1)).All(pair => pair.First.End <= pair.Second.Start), workload.Name);
            }
            Assert.That(started.All(s => s.Start >= s.Job.Submit.TotalSeconds), workload.Name);
        }
    }

    [Test]
    public void Workloads_are_the_same_from_the_same_seed_and_as_heavy_as_they_say()
    {
        foreach (var workload in Workload.All)
            Assert.That(workload.Make(64, 1, 5), Is.EqualTo(workload.Make(64, 1, 5)), workload.Name);
        double Load(string name) =>
            Workload.All.Single(w => w.Name == name).Make(64, 7, 1).Sum(job => job.Runtime.TotalDays * job.Nodes) / (64 * 7);
        Assert.That(
            (Load("long"), Load("short")),
            Is.EqualTo((0.5, 0.85))
                .Using<(double, double)>((a, b) => Math.Abs(a.Item1 - b.Item1) < 0.05 && Math.Abs(a.Item2 - b.Item2) < 0.05)
        );
    }

    [Test]
    public void More_jobs_arrive_by_day_than_by_night_as_the_model_says()
    {
        var model = new LublinFeitelson(128, seed: 1);
        var jobs = Enumerable.Range(0, 20_000).Select(_ => model.Next()).ToList();
        int Between(int from, int until) => jobs.Count(job => job.Arrival / 3600 % 24 >= from && job.Arrival / 3600 % 24 < until);
        Assert.That(Between(10, 18), Is.GreaterThan(2 * Between(0, 8)));
        Assert.That(jobs.Count(job => job.Nodes == 1) / 20_000.0, Is.EqualTo(0.244).Within(0.02));
        Assert.That(jobs.Select(job => job.Arrival), Is.Ordered);
    }

    // lublin_256.swf, 10,000 jobs that the authors' own program made for 256 nodes, has a mean of 22.10 nodes and 4,863 s, medians of
    // 8 nodes and 137 s, 86.1 % powers of two and 24.9 % of one node.
    [Test]
    public void Jobs_are_as_wide_and_as_long_as_those_of_the_models_own_program()
    {
        const int count = 40_000;
        var model = new LublinFeitelson(256, seed: 1);
        var jobs = Enumerable.Range(0, count).Select(_ => model.Next()).ToList();
        double Median(Func<(double Arrival, double Runtime, int Nodes), double> what) => jobs.Select(what).Order().ElementAt(count / 2);
        Assert.That(jobs.Average(job => job.Nodes), Is.EqualTo(22.10).Within(3).Percent);
        Assert.That(jobs.Average(job => job.Runtime), Is.EqualTo(4863).Within(5).Percent);
        Assert.That(Median(job => job.Nodes), Is.EqualTo(8));
        Assert.That(Median(job => job.Runtime), Is.EqualTo(137).Within(10).Percent);
        Assert.That(jobs.Count(job => int.IsPow2(job.Nodes)) / (double)count, Is.EqualTo(0.861).Within(0.01));
        Assert.That(jobs.Count(job => job.Nodes == 1) / (double)count, Is.EqualTo(0.249).Within(0.01));
    }

    [Test]
    public void A_trace_of_the_archive_is_read_and_a_broken_line_is_named()
    {
        string[] lines =
        [
            "; Version: 2.2",
            "  1 10 5 100 64 -1 -1 64 600 -1 1 3 4 -1 1 -1 -1 -1",
            "2 5 0 30 -1 -1 -1 5 -1 -1 1 3 4 -1 1 -1 -1 -1",
            "3 20 0 -1 -1 -1 -1 8 60 -1 5 3 4 -1 1 -1 -1 -1",
        ];
        Assert.That(
            Swf.Read(lines, processors: 4, nodes: 10)
                .Select(job => (job.Submit.TotalSeconds, job.Runtime.TotalSeconds, job.Requested.TotalSeconds, job.Nodes)),
            Is.EqualTo(new[] { (5.0, 30.0, 30.0, 2), (10.0, 100.0, 600.0, 10) })
        );
        Assert.That(
            () => Swf.Read([.. lines, "4 20 0 x 1 -1 -1 8 60 -1 5 3 4 -1 1 -1 -1 -1"], 4, 10),
            Throws.TypeOf<FormatException>().With.Message.EqualTo("line 5, field 4: 'x' is no number")
        );
    }

    private static TraceJob Job(int number, double submit, double runtime, double requested, int nodes) =>
        new(number, TimeSpan.FromSeconds(submit), TimeSpan.FromSeconds(runtime), TimeSpan.FromSeconds(requested), nodes);

    private static IEnumerable<string> Run(int nodes, params TraceJob[] jobs) =>
        new Backfill(nodes, Pass, TimeSpan.Zero).Run(jobs).Select(s => $"{s.Job.Number} at {s.Start} on {string.Join(',', s.Nodes)}");
}
