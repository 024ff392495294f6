using BeBiDa.Lab;

namespace BeBiDa.Tests;

/// <summary>bebidactl hook, run as slurmctld runs PrologSlurmctld and EpilogSlurmctld.</summary>
public sealed class HookSpecs : ToolTest
{
    // In one step: squeue reads it at any time, and an empty one would say that the job has left.
    private void Completing(string lines)
    {
        File.WriteAllText(PathOf("completing.new"), lines);
        File.Move(PathOf("completing.new"), PathOf("completing"), overwrite: true);
    }

    private static readonly (string, string?)[] Job =
    [
        ("SLURM_JOB_ID", "42"),
        ("SLURM_JOB_NODELIST", "n[1-2]"),
        ("SLURM_CLUSTER_NAME", "lab"),
        ("SLURM_JOB_NAME", "sim"),
        ("SLURM_JOB_USER", "nobody"),
        ("SLURM_JOB_PARTITION", "batch"),
    ];

    [Test]
    public async Task The_prolog_takes_the_jobs_nodes_and_the_epilog_gives_them_back()
    {
        await RunPodAsync("a", "n1");
        Exits(await RunAsync(Environment(Job), "hook", "prolog"), 0);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed lab.42", "closed lab.42", "open"))
        );
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(
            await Kubectl.RunAsync("describe", "node", "n1"),
            Does.Contain("Slurm job 42 of nobody in batch (lab) has taken this node; 1 pods left")
        );
        Exits(await RunAsync(Environment(Job), "hook", "epilog"), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task The_epilog_gives_back_each_node_when_Slurm_says_that_the_job_has_left_it()
    {
        Exits(await RunAsync(Environment(Job), "hook", "prolog"), 0);
        // A job of which squeue tells is completing; the other line is another task of its array.
        Completing("41 n3\n42 n1,n2\n");
        Squeue($"touch {PathOf("asked")}; cat {PathOf("completing")}");
        var epilog = RunAsync(Environment(Job), "hook", "epilog");
        await Eventually.HoldsAsync("squeue was asked", Eventually.Patience, _ => Task.FromResult(File.Exists(PathOf("asked"))));
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), epilog.IsCompleted),
            Is.EqualTo(("closed lab.42", "closed lab.42", false))
        );
        Completing("41 n3\n42 n1\n");
        await Eventually.HoldsAsync("n2 is given back", Eventually.Patience, async _ => await StateAsync("n2") == "open");
        Assert.That((await StateAsync("n1"), epilog.IsCompleted), Is.EqualTo(("closed lab.42", false)));
        Completing("41 n3\n");
        Exits(await epilog, 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task Where_there_is_no_squeue_the_job_has_left()
    {
        var elsewhere = Environment(("SLURM_JOB_ID", "42"), ("SLURM_JOB_NODELIST", "n1,n2"), ("PATH", PathOf("none")));
        Exits(await RunAsync(elsewhere, "hook", "prolog"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed cluster.42"));
        Exits(await RunAsync(elsewhere, "hook", "epilog"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
    }

    [Test]
    public async Task A_job_that_is_to_leave_Kubernetes_alone_does()
    {
        Exits(
            await RunAsync(Environment([.. Job, ("SLURM_JOB_NAME", "BEBIDA_NOOP_test"), ("SLURM_JOB_USER", "root")]), "hook", "prolog"),
            0
        );
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
    }

    [TestCase("prolog")]
    [TestCase("epilog")]
    public async Task Without_Slurms_environment_it_says_so_and_exits_with_2(string direction)
    {
        var result = await RunAsync("hook", direction);
        Exits(result, 2);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: SLURM_JOB_ID: '' is not the number of a job"));
    }

    [Test]
    public async Task A_job_starts_over_a_broken_Kubernetes_unless_it_is_to_be_requeued()
    {
        await Server.StopAsync();
        Configure(ShortDeadlines);
        var starts = await RunAsync(Environment(Job), "hook", "prolog");
        Exits(starts, 0);
        Assert.That(
            starts.StandardError,
            Does.Contain("bebidactl: error: job 42: decommission timed out after 2s")
                .And.Contain(Server.Url.Authority)
                .And.Contain("starting it anyway (controller.onFailure: start)")
        );

        Configure(ShortDeadlines.Replace("deadline: 2s", "deadline: 2s, onFailure: requeue", StringComparison.Ordinal));
        var requeued = await RunAsync(Environment(Job), "hook", "prolog");
        Exits(requeued, 1);
        Assert.That(requeued.StandardError, Does.Contain("timed out after 2s").And.Not.Contain("starting it anyway"));
    }

    [Test]
    public async Task An_epilog_that_fails_is_a_failure()
    {
        await Server.StopAsync();
        Configure(ShortDeadlines);
        Exits(await RunAsync(Environment(Job), "hook", "epilog"), 1);
    }

    [Test]
    public async Task The_log_is_appended_to_with_the_time_of_each_line()
    {
        var log = PathOf("hook.log");
        Exits(await RunAsync(Environment(Job), "hook", "prolog", "--log", log), 0);
        var first = await File.ReadAllTextAsync(log);
        Assert.That(
            first,
            Does.Match(
                @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d bebidactl: job 42: decommission of 2 nodes done in \d+ ms, 0 pods evicted event=decommission outcome=done job=42 ms=\d+ nodes=n\[1-2\] pods=0\n$"
            )
        );
        var quiet = await RunAsync(Environment(Job), "hook", "epilog", "--log", log);
        Exits(quiet, 0);
        Assert.That(quiet.StandardOutput + quiet.StandardError, Is.Empty);
        var both = await File.ReadAllTextAsync(log);
        Assert.That(both, Does.StartWith(first).And.Match(" event=recommission outcome=done job=42 "));
        Assert.That(both.TrimEnd().Split('\n'), Has.Length.EqualTo(2));
    }

    [Test]
    public async Task Hooks_that_run_at_the_same_time_do_not_write_over_each_others_lines()
    {
        var log = PathOf("hook.log");
        Squeue($"touch {PathOf("asked")}; until [ -e {PathOf("left")} ]; do sleep 0.05; done");
        var epilog = RunAsync(Environment(Job), "hook", "epilog", "--log", log);
        await Eventually.HoldsAsync("squeue was asked", Eventually.Patience, _ => Task.FromResult(File.Exists(PathOf("asked"))));
        await File.AppendAllTextAsync(log, "another hook's line\n");
        await File.WriteAllTextAsync(PathOf("left"), "");
        Exits(await epilog, 0);
        Assert.That(await File.ReadAllTextAsync(log), Does.StartWith("another hook's line\n").And.Contain("job 42: recommission"));
    }

    [Test]
    public async Task A_bad_configuration_is_in_the_log_too_since_slurmctld_shows_nothing()
    {
        Configure("controller: {deadlime: 2s}\n");
        var log = PathOf("hook.log");
        Exits(await RunAsync(Environment(Job), "hook", "prolog", "--log", log), 2);
        Assert.That(await File.ReadAllTextAsync(log), Does.Contain($"bebidactl: error: {Configuration}:3: controller.deadlime: "));
    }
}
