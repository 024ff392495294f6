using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;

namespace BeBiDa.Tests;

public class JobSpecs
{
    [Test]
    public void A_job_is_read_from_the_environment_of_its_prolog()
    {
        var job = Job.FromEnvironment(
            new Dictionary<string, string>
            {
                ["SLURM_JOB_ID"] = "4711",
                ["SLURM_CLUSTER_NAME"] = "blue",
                ["SLURM_JOB_NAME"] = "cfd",
                ["SLURM_JOB_USER"] = "alice",
                ["SLURM_JOB_PARTITION"] = "batch",
            },
            ["n1", "n2"]
        );
        Assert.That((job.Cluster, job.Id, job.Name, job.User, job.Partition), Is.EqualTo(("blue", 4711u, "cfd", "alice", "batch")));
        Assert.That(job.Nodes, Is.EqualTo(new[] { "n1", "n2" }));
    }

    [TestCase("")]
    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("4711_1")]
    [TestCase("4294967296")]
    public void A_job_without_a_number_is_refused(string id) =>
        Assert.That(
            () => Job.FromEnvironment(new Dictionary<string, string> { ["SLURM_JOB_ID"] = id }, []),
            Throws.InstanceOf<FormatException>().With.Message.Contains("SLURM_JOB_ID")
        );

    [Test]
    public void A_hold_is_a_field_manager_and_an_annotation()
    {
        var hold = new HoldKey("blue", 42);
        Assert.That(hold.FieldManager, Is.EqualTo("bebida/blue/42"));
        Assert.That(hold.Annotation, Is.EqualTo("hold.bebida.io/blue.42"));
        Assert.That(HoldKey.TryParseAnnotation(hold.Annotation, out var read) && read == hold);
    }

    [Test]
    public void A_cluster_with_dots_in_its_name_is_read_back() =>
        Assert.That(
            HoldKey.TryParseAnnotation("hold.bebida.io/blue.example.org.42", out var hold) ? (hold.Cluster, hold.JobId) : default,
            Is.EqualTo(("blue.example.org", 42u))
        );

    [TestCaseSource(typeof(Holders), nameof(Holders.All))]
    public void A_standing_hold_can_be_taken_for_no_jobs(string holder)
    {
        var hold = new HoldKey(new string('a', 52), holder);
        Assert.That((hold.IsJob, hold.FieldManager.Length <= 128, hold.ToString().Length <= 63), Is.EqualTo((false, true, true)));
        Assert.That(HoldKey.TryParseAnnotation(hold.Annotation, out var read) && read == hold);
        Assert.That(HoldKey.TryParseJob(holder, out _, out _), Is.False);
    }

    [TestCase("")]
    [TestCase("42")]
    [TestCase("42_7")]
    [TestCase("Maint")]
    [TestCase("a.b")]
    [TestCase("maintenance")]
    public void Such_a_name_is_no_holders(string name) =>
        Assert.That(() => new HoldKey("blue", name), Throws.InstanceOf<FormatException>());

    [TestCase("DOWN: Not responding", null)]
    [TestCase("reservation a/b", "2026-01-31T10:00:00Z")]
    // It would be written anew at each look if it differed from the ledger.
    [TestCase("within a second", "2026-01-31T10:00:00.9+01:00")]
    public void A_standing_hold_is_read_as_it_was_written(string why, string? until)
    {
        var hold = new Hold(
            new HoldKey("blue", Holders.Down),
            new DateTimeOffset(2026, 1, 31, 8, 0, 0, TimeSpan.Zero),
            new HoldReason(why, until is null ? null : DateTimeOffset.Parse(until, System.Globalization.CultureInfo.InvariantCulture))
        );
        Assert.That(Hold.Read(new Dictionary<string, string> { [hold.Key.Annotation] = hold.Value }), Is.EqualTo(new[] { hold }));
    }

    [Test]
    public void A_task_of_an_array_has_a_hold_of_its_own_and_is_read_back()
    {
        var hold = new HoldKey("ge", 42, 0);
        Assert.That(
            (hold.Annotation, hold.FieldManager, hold.ToString()),
            Is.EqualTo(("hold.bebida.io/ge.42_0", "bebida/ge/42_0", "ge.42_0"))
        );
        Assert.That(
            HoldKey.TryParseAnnotation(hold.Annotation, out var read) ? read : default,
            Is.EqualTo(hold).And.Not.EqualTo(new HoldKey("ge", 42))
        );
    }

    [TestCase("hold.bebida.io/ge.42_")]
    [TestCase("hold.bebida.io/ge._7")]
    [TestCase("hold.bebida.io/ge.42_7_1")]
    [TestCase("hold.bebida.io/")]
    [TestCase("hold.bebida.io/42")]
    [TestCase("hold.bebida.io/.42")]
    [TestCase("hold.bebida.io/blue.X")]
    [TestCase("hold.bebida.io/blue.-1")]
    [TestCase("hold.bebida.io/bl ue.1")]
    [TestCase("example.org/blue.1")]
    public void What_is_no_hold_is_not_taken_for_one(string annotation) =>
        Assert.That(HoldKey.TryParseAnnotation(annotation, out _), Is.False);

    [TestCase("")]
    [TestCase("-blue")]
    [TestCase("bl/ue")]
    [TestCase("blue cluster")]
    public void A_cluster_that_Kubernetes_cannot_name_is_refused(string cluster) =>
        Assert.That(() => new HoldKey(cluster, 1), Throws.InstanceOf<FormatException>().With.Message.Contains("ClusterName"));

    [Test]
    public void The_longest_names_fit_in_an_annotation_key_and_a_field_manager()
    {
        var hold = new HoldKey(new string('a', 52), uint.MaxValue);
        Assert.That(hold.Annotation["hold.bebida.io/".Length..], Has.Length.LessThanOrEqualTo(63));
        Assert.That(hold.FieldManager, Has.Length.LessThanOrEqualTo(128));
        Assert.That(
            new HoldKey(new string('a', 41), uint.MaxValue, uint.MaxValue).Annotation["hold.bebida.io/".Length..],
            Has.Length.LessThanOrEqualTo(63)
        );
        Assert.That(() => new HoldKey(new string('a', 42), 1, 1), Throws.InstanceOf<FormatException>());
    }

    [Test]
    public void The_ledger_of_a_node_is_read_from_its_annotations()
    {
        var holds = Hold.Read(
            new Dictionary<string, string>
            {
                ["hold.bebida.io/c.10"] = "2026-01-02T03:04:05Z",
                ["hold.bebida.io/c.9"] = "by hand",
                ["other"] = "x",
            }
        );
        Assert.That(holds.Select(h => h.Key.JobId), Is.EqualTo(new[] { 9u, 10u }));
        Assert.That(holds[0].Since, Is.Null);
        Assert.That(holds[1].Since, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)));
    }

    [TestCase("batch", true)]
    [TestCase("gpu-long", true)]
    [TestCase("debug", false)]
    [TestCase("Batch", false)]
    public void Only_jobs_of_the_configured_partitions_take_nodes(string partition, bool counts) =>
        Assert.That(
            Policy(jobs: new JobsConfiguration { Partitions = ["batch", "gpu*"] }).LeftAlone(new Job("c", 1, "", "", partition, []))
                is null,
            Is.EqualTo(counts)
        );

    [TestCase("n1", true)]
    [TestCase("n10", false)]
    [TestCase("login1", false)]
    public void Only_the_configured_nodes_are_lent(string node, bool counts) =>
        Assert.That(Policy(nodes: new NodesConfiguration { Include = ["n*"], Exclude = ["n10"] }).Counts(node), Is.EqualTo(counts));

    private static JobPolicy Policy(JobsConfiguration? jobs = null, NodesConfiguration? nodes = null) =>
        new(jobs ?? new JobsConfiguration(), nodes ?? new NodesConfiguration());
}
