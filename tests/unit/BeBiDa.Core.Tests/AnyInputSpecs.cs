using BeBiDa.Configuration;
using BeBiDa.Holds;
using BeBiDa.Jobs;
using CsCheck;

namespace BeBiDa.Tests;

/// <summary>What others write is read, or refused as is documented; nothing else comes of it, inside slurmctld least of all.</summary>
public class AnyInputSpecs
{
    private const int Tries = 3000;

    [Test]
    public void Any_configuration_is_read_or_refused_with_its_problems()
    {
        var example = File.ReadAllText(Path.Combine(Repository.Root, "packaging", "bebida.yaml"));
        Mutations
            .Of(example, "kubernetes:\n  kubeconfig: /k\njobs: {partitions: [a, \"b*\"]}\nnodes:\n  map: {n1: worker-1}\n")
            .Sample(
                text =>
                {
                    try
                    {
                        var configuration = ConfigurationFile.Parse("f", text);
                        Assert.That(configuration.Controller.Deadline, Is.InRange(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)));
                    }
                    catch (ConfigurationException e)
                    {
                        Assert.That(e.Problems, Is.Not.Empty.And.All.Matches<ConfigurationProblem>(p => p!.File == "f" && p.Line > 0));
                    }
                },
                iter: Tries
            );
    }

    [Test]
    public void Any_duration_is_one_or_none_and_is_written_as_it_is_read() =>
        Mutations
            .Of("30s", "1m30s", "500ms", "2540400h")
            .Sample(
                text =>
                {
                    if (BeBiDa.Duration.TryParse(text, out var duration))
                        Assert.That(BeBiDa.Duration.TryParse(BeBiDa.Duration.Format(duration), out var again) && again == duration);
                },
                iter: Tries
            );

    [Test]
    public void Any_annotations_are_holds_or_none() =>
        Gen.Select(Mutations.Of("hold.bebida.io/lab.7", "hold.bebida.io/a.b.4294967295"), Mutations.Of("2024-06-11T12:00:00Z", ""))
            .Sample(
                (key, value) =>
                {
                    foreach (var hold in Hold.Read(new Dictionary<string, string> { [key] = value }))
                        Assert.That(HoldKey.TryParseAnnotation(hold.Key.Annotation, out var again) && again == hold.Key);
                },
                iter: Tries
            );

    [Test]
    public void Any_cluster_name_makes_a_key_or_is_refused() =>
        Mutations
            .Of("lab", "a-b_c.9")
            .Sample(
                name =>
                {
                    try
                    {
                        var key = new HoldKey(name, 7);
                        Assert.That(HoldKey.TryParseAnnotation(key.Annotation, out var again) && again == key);
                    }
                    catch (FormatException) { }
                },
                iter: Tries
            );

    [Test]
    public void Any_environment_is_a_job_or_is_refused() =>
        Gen.Select(Mutations.Of("7", "4294967295"), Mutations.Of("lab"), Mutations.Of("a job"), Mutations.Of("keep"))
            .Sample(
                (id, cluster, name, mode) =>
                {
                    var environment = new Dictionary<string, string>
                    {
                        ["SLURM_JOB_ID"] = id,
                        ["SLURM_CLUSTER_NAME"] = cluster,
                        ["SLURM_JOB_NAME"] = name,
                        ["SPANK_BEBIDA"] = mode,
                    };
                    try
                    {
                        var job = Job.FromEnvironment(environment, ["n1"]);
                        Assert.That(job.Id, Is.Positive);
                        Assert.That(job.Name, Is.EqualTo(name));
                        Assert.That(job.AsksToKeep, Is.EqualTo(mode == "keep"));
                    }
                    catch (FormatException) { }
                },
                iter: Tries
            );
}
