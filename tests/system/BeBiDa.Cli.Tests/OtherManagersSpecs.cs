namespace BeBiDa.Tests;

/// <summary>bebidactl hook, run as other resource managers run their prologs and epilogs.</summary>
public sealed class OtherManagersSpecs : ToolTest
{
    private const string Unreachable = "controller: {deadline: 2s, onFailure: requeue}\neviction: {deadline: 1s, gracePeriod: 0s}\n";

    // As documented: job id, user, group, job name; then resources, queue, account; or session, resources, used, queue, account, exit code.
    private static readonly string[] Prologue = ["123.head.example.org", "nobody", "nogroup", "sim", "nodes=2:ppn=2", "batch", ""];
    private static readonly string[] Epilogue =
    [
        "123.head.example.org",
        "nobody",
        "nogroup",
        "sim",
        "4711",
        "nodes=2:ppn=2",
        "cput=00:00:01",
        "batch",
        "",
        "0",
    ];

    private string NodeFile(string lines = "n1\nn1\nn2\nn2\n") => Add("nodefile", lines);

    [Test]
    public async Task A_Torque_job_takes_the_nodes_of_its_node_file_and_gives_them_back()
    {
        await RunPodAsync("a", "n1");
        Exits(await HookAsync("torque", "prolog", [("PBS_NODEFILE", NodeFile())], Prologue), 0);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed torque.123", "closed torque.123", "open"))
        );
        Assert.That(await PodsAsync(), Is.Empty);
        Assert.That(
            await Kubectl.RunAsync("describe", "node", "n1"),
            Does.Contain("Torque job 123 of nobody in batch (torque) has taken this node; 1 pods left")
        );
        Exits(await HookAsync("torque", "epilog", [("PBS_NODEFILE", NodeFile())], Epilogue), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task Where_Torque_sets_no_PBS_NODEFILE_its_hosts_argument_and_its_auxiliary_file_serve()
    {
        Exits(await HookAsync("torque", "prolog", [], [.. Prologue, "/var/spool/torque/mom_priv/jobs/123.SC", "n1,n2"]), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("closed torque.123", "closed torque.123")));

        Directory.CreateDirectory(PathOf("mom_priv"));
        Directory.CreateDirectory(PathOf("aux"));
        Add("aux/123.head.example.org", "n1\nn2\n");
        Exits(
            await ExecuteAsync(
                CliWrap
                    .Cli.Wrap(Bebidactl)
                    .WithArguments(["hook", "epilog", "--manager", "torque", "--", .. Epilogue])
                    .WithEnvironmentVariables(Environment())
                    .WithWorkingDirectory(PathOf("mom_priv"))
            ),
            0
        );
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task An_OAR_job_takes_the_nodes_of_its_node_file_and_gives_them_back()
    {
        string[] arguments = ["42", "nobody", NodeFile("n1\nn1\nn3\n")];
        Exits(await HookAsync("oar", "prolog", [], arguments), 0);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed oar.42", "open", "closed oar.42"))
        );
        Exits(await HookAsync("oar", "epilog", [], arguments), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n3")), Is.EqualTo(("open", "open")));
    }

    [Test]
    public async Task OARs_server_hooks_are_told_the_nodes_by_an_option()
    {
        Exits(await RunAsync("hook", "prolog", "--manager", "oar", "--nodes", "n1,n2", "--", "42"), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("closed oar.42", "closed oar.42")));
    }

    [Test]
    public async Task A_Grid_Engine_job_takes_its_host_and_a_parallel_one_the_hosts_of_its_PE()
    {
        Exits(await HookAsync("gridengine", "prolog", [], "7", "0", "nobody", "main.q", "n3"), 0);
        Exits(
            await HookAsync(
                "gridengine",
                "prolog",
                [("PE_HOSTFILE", NodeFile("n1 2 main.q@n1 UNDEFINED\nn2 1 main.q@n2 UNDEFINED\n"))],
                "8",
                "0",
                "nobody",
                "main.q",
                "n1"
            ),
            0
        );
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed gridengine.8", "closed gridengine.8", "closed gridengine.7"))
        );
        Exits(await HookAsync("gridengine", "epilog", [], "7", "0", "nobody", "main.q", "n3"), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n3")), Is.EqualTo(("closed gridengine.8", "open")));
    }

    [TestCase("gridengine", "7", "1", "7", "2")]
    [TestCase("torque", "7[1].head", "x", "7[2].head", "x")]
    public async Task Tasks_of_an_array_on_one_node_do_not_give_each_others_hold_back(
        string manager,
        string job,
        string task,
        string otherJob,
        string otherTask
    )
    {
        var nodes = new[] { ("PBS_NODEFILE", (string?)NodeFile("n1\n")) };
        Exits(await HookAsync(manager, "prolog", nodes, job, task, "nobody", "main.q", "n1"), 0);
        Exits(await HookAsync(manager, "prolog", nodes, otherJob, otherTask, "nobody", "main.q", "n1"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo($"closed {manager}.7_1 {manager}.7_2"));
        Exits(await HookAsync(manager, "epilog", nodes, job, task, "nobody", "main.q", "n1"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo($"closed {manager}.7_2"));
        Assert.That(
            (await RunAsync("status", "n1", "--output", "json")).StandardOutput,
            Does.Contain("\"job\": 7,").And.Contain("\"task\": 2,")
        );
        // What an epilog that never came has left, an admin gives back by hand.
        Exits(await RunAsync("recommission", "--cluster", manager, "--job", "7_2", "--nodes", "n1"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
    }

    [Test]
    public async Task Any_other_resource_manager_names_job_and_nodes_itself()
    {
        Exits(await RunAsync("hook", "prolog", "--job", "42", "--nodes", "n[1-2]", "--cluster", "moab"), 0);
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("closed moab.42", "closed moab.42")));
        Exits(await RunAsync("hook", "epilog", "--job", "42", "--nodes", "n[1-2]", "--cluster", "moab"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
    }

    [Test]
    public async Task Jobs_of_the_same_number_of_two_managers_hold_a_node_each()
    {
        Exits(await RunAsync("hook", "prolog", "--job", "42", "--nodes", "n1"), 0);
        Exits(await HookAsync("gridengine", "prolog", [], "42", "0", "nobody", "main.q", "n1"), 0);
        Exits(await RunAsync("hook", "epilog", "--job", "42", "--nodes", "n1"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed gridengine.42"));
    }

    [Test]
    public async Task Slurm_is_not_asked_about_another_managers_job()
    {
        // A Slurm on the same host may have a job of that number, and it may be completing.
        Squeue($"touch {PathOf("asked")}; echo '42 n1'");
        Exits(await RunAsync("hook", "prolog", "--job", "42", "--nodes", "n1"), 0);
        Exits(await RunAsync("hook", "epilog", "--job", "42", "--nodes", "n1"), 0);
        Assert.That((await StateAsync("n1"), File.Exists(PathOf("asked"))), Is.EqualTo(("open", false)));
    }

    // What users choose is among Torque's arguments: none of it may be taken for an option, or for a file of arguments.
    [TestCase("--help")]
    [TestCase("-v")]
    [TestCase("@/etc/passwd")]
    [TestCase("--manager=slurm")]
    [TestCase("")]
    public async Task A_job_may_have_any_name(string name)
    {
        Exits(await HookAsync("torque", "prolog", [("PBS_NODEFILE", NodeFile())], [.. Prologue[..3], name, .. Prologue[4..]]), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed torque.123"));
    }

    // Exit codes as each has them: Torque requeues at 2 and aborts at 1; Grid Engine requeues at 99; OAR submits again.
    [TestCase("torque", 2, 1)]
    [TestCase("oar", 1, 0)]
    [TestCase("gridengine", 99, 0)]
    [TestCase("other", 1, 1)]
    public async Task A_job_that_may_not_start_is_requeued_and_an_epilog_hurts_nobody(string manager, int prolog, int epilog)
    {
        await Server.StopAsync();
        Configure(Unreachable);
        var (before, after) = (await CallAsync(manager, "prolog"), await CallAsync(manager, "epilog"));
        Exits(before, prolog);
        Assert.That(before.StandardError, Does.Contain("decommission timed out after 2s"));
        Exits(after, epilog);
        Assert.That(after.StandardError, Does.Contain("recommission timed out after 2s"));
    }

    [Test]
    public async Task OARs_server_prologue_never_stops_its_queues()
    {
        await Server.StopAsync();
        Configure(Unreachable);
        Exits(await RunAsync("hook", "prolog", "--manager", "oar", "--nodes", "n1", "--", "42"), 0);
    }

    private Task<CliWrap.Buffered.BufferedCommandResult> CallAsync(string manager, string direction) =>
        manager switch
        {
            "torque" => HookAsync(manager, direction, [("PBS_NODEFILE", NodeFile())], direction == "prolog" ? Prologue : Epilogue),
            "oar" => HookAsync(manager, direction, [], "42", "nobody", NodeFile()),
            "gridengine" => HookAsync(manager, direction, [], "42", "0", "nobody", "main.q", "n1"),
            _ => RunAsync("hook", direction, "--job", "42", "--nodes", "n1"),
        };

    private Task<CliWrap.Buffered.BufferedCommandResult> HookAsync(
        string manager,
        string direction,
        (string, string?)[] variables,
        params string[] arguments
    ) => RunAsync(Environment(variables), ["hook", direction, "--manager", manager, "--", .. arguments]);
}
