using BeBiDa.Cli.ResourceManagers;

namespace BeBiDa.Tests;

/// <summary>How resource managers call bebidactl hook, and what its exit code does to them.</summary>
public sealed class HookSpecs : CommandLineTest
{
    private static readonly Dictionary<string, string> NoVariables = [];

    // A mistake of the admin's is every job's: no node, queue or scheduler is taken out of service for it.
    [TestCase("torque", 2, 2)]
    [TestCase("oar", 0, 0)]
    [TestCase("gridengine", 100, 0)]
    [TestCase("other", 2, 2)]
    public async Task A_wrong_configuration_costs_no_node(string manager, int prolog, int epilog)
    {
        var configuration = Configuration("controller: {deadlime: 2s}\n");
        foreach (var (direction, code) in new[] { ("prolog", prolog), ("epilog", epilog) })
        {
            string[] job = manager == "other" ? ["--job", "42"] : ["--", "42", "0", "nobody", "main.q", "n1"];
            var ended = await RunAsync([
                .. new[] { "hook", direction, "--config", configuration, "--manager", manager, "--nodes", "n1" },
                .. job,
            ]);
            Exits(ended, code);
            Assert.That(ended.Error, Does.Contain("controller.deadlime"));
        }
    }

    [TestCase("torque", "the first argument must be Torque's job id")]
    [TestCase("oar", "the first argument must be OAR's job id")]
    [TestCase("gridengine", @"the arguments must be \$job_id \$ja_task_id \$job_owner \$queue \$host")]
    [TestCase("other", "takes --job ID and --nodes LIST")]
    public async Task A_hook_that_is_called_wrongly_says_how(string manager, string how) =>
        Assert.That(
            (await RunAsync("hook", "prolog", "--manager", manager, "--", "x")).Error,
            Does.StartWith("bebidactl: ").And.Match(how)
        );

    [Test]
    public void A_node_file_that_is_missing_or_empty_is_told()
    {
        foreach (var file in new[] { PathOf("none"), Add("empty", "\n") })
            Assert.That(
                () => ReadAsync("torque", new() { ["PBS_NODEFILE"] = file }, "123.head"),
                Throws.InstanceOf<FormatException>().With.Message.Contains(file)
            );
    }

    [Test]
    public async Task A_list_of_nodes_that_came_out_empty_is_told()
    {
        var result = await RunAsync("hook", "prolog", "--job", "42", "--nodes", "");
        Exits(result, 2);
        Assert.That(result.Error, Is.EqualTo("bebidactl: --nodes names no node\n"));
    }

    [Test]
    public async Task A_log_that_cannot_be_written_costs_no_hand_over()
    {
        var configuration = Configuration("controller: {deadline: 2s, onFailure: requeue}\neviction: {deadline: 1s, gracePeriod: 0s}\n");
        var result = await RunAsync([
            "hook",
            "prolog",
            "--config",
            configuration,
            "--job",
            "42",
            "--nodes",
            "n1",
            "--log",
            "/nonexistent/hook.log",
        ]);
        Exits(result, 1);
        Assert.That(result.Error, Does.Match(@"^bebidactl: --log: /nonexistent/.*\n(.*\n)*bebidactl: error: job 42: decommission "));
    }

    [Test]
    public async Task Each_slot_of_a_node_file_is_its_node_once()
    {
        var job = await ReadAsync("torque", new() { ["PBS_NODEFILE"] = Add("nodes", "n1\nn1\nn2\n") }, "7[2].head", "alice", "g", "sim");
        Assert.That((job.Number, job.Cluster, job.User, job.Name), Is.EqualTo(("7_2", "torque", "alice", "sim")));
        Assert.That(job.Nodes, Is.EqualTo(new[] { "n1", "n2" }));
    }

    private static Task<Jobs.Job> ReadAsync(string manager, Dictionary<string, string> variables, params string[] arguments) =>
        ResourceManager.All.Single(m => m.Word == manager).ReadAsync(new HookCall(true, arguments, variables, null, null, null), default);
}
