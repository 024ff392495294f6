using System.Text.Json;

namespace BeBiDa.Tests;

/// <summary>bebidactl reconcile, with a squeue and a scontrol that tell what a test wants.</summary>
public sealed class ReconcileSpecs : ToolTest
{
    [SetUp]
    public void HaveSlurm()
    {
        Scontrol("ClusterName             = lab", "PrivateData             = none", "SlurmUser               = slurm(64030)");
        Jobs();
        Nodes();
    }

    [Test]
    public async Task Nodes_are_held_for_their_state_and_released_when_it_is_over()
    {
        await RunPodAsync("a", "n1");
        await RunPodAsync("b", "n2");
        Nodes("n1 State=DOWN ThreadsPerCore=1 Reason=Not responding [slurm@1790000000]", "n2 State=IDLE+FAIL ThreadsPerCore=1");
        var held = await RunAsync("reconcile");
        Exits(held, 0);
        Assert.That(
            Lines(held.StandardOutput),
            Is.EqualTo(new[] { "NODE   HOLDER   WAS    WHY", "n1     down     held   DOWN: Not responding", "n2     fail     held   FAIL" })
        );
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("closed lab.down", "closed lab.fail")));
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { "a" }));
        using var status = JsonDocument.Parse((await RunAsync("status", "n1", "--output", "json")).StandardOutput);
        var hold = status.RootElement[0].GetProperty("holds")[0];
        Assert.That(
            (hold.GetProperty("holder").GetString(), hold.GetProperty("why").GetString(), hold.TryGetProperty("job", out _)),
            Is.EqualTo(("down", "DOWN: Not responding", false))
        );

        Nodes("n1 State=IDLE ThreadsPerCore=1", "n2 State=IDLE ThreadsPerCore=1");
        var released = await RunAsync("reconcile", "--output", "json");
        Exits(released, 0);
        using var json = JsonDocument.Parse(released.StandardOutput);
        Assert.That(
            json.RootElement.GetProperty("repairs")
                .EnumerateArray()
                .Select(r => $"{r.GetProperty("node")} {r.GetProperty("holder")} {r.GetProperty("action")} {r.GetProperty("done")}"),
            Is.EqualTo(new[] { "n1 down Release True", "n2 fail Release True" })
        );
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task Holds_of_jobs_that_are_gone_are_released_and_lost_ones_are_taken_again()
    {
        await TakeAsync(7, "n1,n2");
        await TakeAsync(8, "n2");
        await RunPodAsync("a", "n3");
        Jobs("7|COMPLETED|alice|batch|n[1-2]", "8|RUNNING|alice|batch|n[2-3]", "9|PENDING|alice|batch,other|");
        var result = await RunAsync("reconcile");
        Exits(result, 0);
        Assert.That(
            Lines(result.StandardOutput),
            Is.EqualTo(
                new[]
                {
                    "NODE   HOLDER   WAS          WHY",
                    "n1     job 7    released     the job has no nodes in Slurm",
                    "n2     job 7    released     the job has no nodes in Slurm",
                    "n3     job 8    held again   the job is on the node and does not hold it",
                }
            )
        );
        Assert.That(result.StandardError, Is.Empty);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("open", "closed lab.8", "closed lab.8"))
        );
        Assert.That(await PodsAsync(), Is.Empty);

        var again = await RunAsync("reconcile");
        Exits(again, 0);
        Assert.That(
            again.StandardOutput,
            Is.EqualTo("nothing to repair: all holds agree with the jobs and nodes of Slurm's cluster lab\n")
        );
    }

    [Test]
    public async Task Jobs_of_other_resource_managers_are_not_missed_in_Slurm()
    {
        Exits(await RunAsync("hook", "prolog", "--manager", "gridengine", "--", "7", "0", "nobody", "main.q", "n1"), 0);
        Exits(await RunAsync("hook", "prolog", "--manager", "gridengine", "--", "7", "2", "nobody", "main.q", "n2"), 0);
        // Not even where someone gave them the name of Slurm's cluster: a task's number is none of Slurm's.
        Exits(await RunAsync("hook", "prolog", "--cluster", "lab", "--job", "7_2", "--nodes", "n3"), 0);
        Jobs();
        Exits(await RunAsync("reconcile"), 0);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed gridengine.7", "closed gridengine.7_2", "closed lab.7_2"))
        );
    }

    [Test]
    public async Task A_dry_run_tells_what_would_be_done_and_does_nothing()
    {
        await TakeAsync(7, "n1");
        await TakeAsync(8, "n2");
        await Kubectl.RunAsync("uncordon", "n2");
        Jobs("8|SUSPENDED|alice|batch|n2", "9|RUNNING|root|batch|n3");
        var result = await RunAsync("reconcile", "--dry-run");
        Exits(result, 0);
        Assert.That(
            Lines(result.StandardOutput),
            Is.EqualTo(
                new[]
                {
                    "NODE   HOLDER   WOULD BE     WHY",
                    "n1     job 7    released     the job has no nodes in Slurm",
                    "n2     job 8    held again   the node is schedulable though the job holds it",
                    "n3     job 9    left alone   the job holds none of its nodes, and jobs.mayKeep allows it to keep them",
                }
            )
        );
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed lab.7", "open lab.8", "open"))
        );
    }

    [Test]
    public async Task A_program_reads_it_as_JSON()
    {
        await TakeAsync(7, "n1");
        Jobs("9|RUNNING|root|batch|n3");
        var result = await RunAsync("reconcile", "--output", "json");
        Exits(result, 0);
        using var json = JsonDocument.Parse(result.StandardOutput);
        Assert.That(
            json.RootElement.EnumerateObject().Select(p => p.Name),
            Is.EqualTo(new[] { "cluster", "dryRun", "repairs", "problem" })
        );
        var repairs = json.RootElement.GetProperty("repairs").EnumerateArray().ToList();
        Assert.That(
            repairs[0].EnumerateObject().Select(p => p.Name),
            Is.EqualTo(new[] { "node", "kubernetesNode", "job", "action", "why", "done", "problem" })
        );
        Assert.That(
            repairs.Select(r =>
                (
                    r.GetProperty("node").GetString(),
                    r.GetProperty("job").GetInt32(),
                    r.GetProperty("action").GetString(),
                    r.GetProperty("done").GetBoolean()
                )
            ),
            Is.EquivalentTo(new[] { ("n1", 7, "Release", true), ("n3", 9, "LeaveAlone", false) })
        );
        Assert.That(
            (json.RootElement.GetProperty("cluster").GetString(), json.RootElement.GetProperty("dryRun").GetBoolean()),
            Is.EqualTo(("lab", false))
        );
    }

    [Test]
    public async Task Holds_of_another_Slurm_cluster_and_fields_of_others_stay()
    {
        await TakeAsync(7, "n1");
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n1", "--cluster", "other"), 0);
        await Kubectl.RunAsync("label", "node", "n1", "bebida.io/mine=yes");
        await Kubectl.RunAsync("cordon", "n2");
        await TakeAsync(7, "n2");
        Exits(await RunAsync("reconcile"), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("closed other.7", "closed")));
        Assert.That(await Kubectl.RunAsync("get", "node", "n1", "--show-labels"), Does.Contain("bebida.io/mine=yes"));
    }

    [TestCase(
        "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
        "squeue: slurm_load_jobs error: Unable to contact slurm controller (connect failure) (exit code 1); no hold is changed"
    )]
    [TestCase("echo '8|RUNNING|alice|batch|n2'; echo 'slurm_load_jobs error: Zero Bytes' >&2; exit 1", "Zero Bytes")]
    [TestCase("echo '7|RUNNING|alice|batch|n[1-'", "squeue: job 7 is RUNNING on 'n[1-', which is not a list of nodes")]
    public async Task A_squeue_that_does_not_tell_its_jobs_costs_no_job_its_hold(string script, string problem)
    {
        await TakeAsync(7, "n1");
        Squeue(script);
        var result = await RunAsync("reconcile");
        Exits(result, 1);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: ").And.Contain(problem));
        Assert.That(result.StandardOutput, Is.Empty);
        Exits(await RunAsync("reconcile", "--dry-run"), 1);
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed lab.7"));
    }

    [Test]
    public async Task Without_Slurms_commands_it_says_so()
    {
        await TakeAsync(7, "n1");
        var result = await RunAsync(Environment(("PATH", PathOf("none"))), "reconcile");
        Exits(result, 1);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: scontrol cannot be run").And.Contain("where Slurm's commands are"));
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed lab.7"));
    }

    [Test]
    public async Task No_variable_hides_a_job_from_it()
    {
        await TakeAsync(7, "n1");
        Squeue(
            """
            [ -z "$SQUEUE_PARTITION$SQUEUE_STATES$SLURM_CLUSTERS" ] || exit 0
            case " $* " in *" --all --local "*) echo '7|RUNNING|alice|batch|n1';; esac
            """
        );
        Exits(
            await RunAsync(
                Environment(("SQUEUE_PARTITION", "other"), ("SQUEUE_STATES", "PD"), ("SLURM_CLUSTERS", "elsewhere")),
                "reconcile"
            ),
            0
        );
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed lab.7"));
    }

    [Test]
    public async Task A_Kubernetes_that_is_down_is_named()
    {
        await Server.StopAsync();
        var result = await RunAsync("reconcile");
        Exits(result, 1);
        Assert.That(result.StandardError, Does.Contain(Server.Url.Authority));
    }

    private Task TakeAsync(int job, string nodes) => RunAsync("decommission", "--job", $"{job}", "--nodes", nodes, "--cluster", "lab");

    private void Jobs(params string[] lines) => Squeue($"cat <<'END'\n{string.Concat(lines.Select(line => line + "\n"))}END");

    // As scontrol --oneliner shows them, without the most of it.
    private void Nodes(params string[] nodes) =>
        Add("nodes", string.Concat(nodes.Select(node => $"NodeName={node.Replace(" State=", " Arch=x86_64 State=")}\n")));

    // Slurm's own still expands lists of nodes.
    private void Scontrol(params string[] settings) =>
        Add(
            "bin/scontrol",
            $"""
            #!/bin/sh
            case "$*" in
            *"show node") exec cat {PathOf("nodes")} ;;
            *"show reservation") echo 'No reservations in the system'; exit ;;
            *"show config") ;;
            *) exec /usr/bin/scontrol "$@" ;;
            esac
            cat <<'END'
            {string.Join('\n', settings)}
            END

            """,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );

    private static string[] Lines(string text) => [.. text.TrimEnd().Split('\n').Select(line => line.TrimEnd())];
}
