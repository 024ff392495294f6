namespace BeBiDa.Tests;

public sealed class UsageSpecs : ToolTest
{
    [TestCase("", "Required command was not provided", "bebidactl --help")]
    [TestCase("frobnicate", "'frobnicate'", "bebidactl --help")]
    [TestCase("status --frobnicate", "'--frobnicate'|Kubernetes has no node for --frobnicate", "")]
    [TestCase("decommission --nodes n1", "'--job' is required", "bebidactl decommission --help")]
    [TestCase("recommission --job 7", "'--nodes' is required", "bebidactl recommission --help")]
    [TestCase("decommission --job x --nodes n1", "'x'", "bebidactl decommission --help")]
    [TestCase("decommission --job 7 --nodes n1 --output xml", "--output takes text or json", "bebidactl decommission --help")]
    [TestCase("reconcile n1", "'n1'", "bebidactl reconcile --help")]
    [TestCase("hook", "Required command was not provided", "bebidactl hook --help")]
    [TestCase("hook prolog --frobnicate", "'--frobnicate'", "bebidactl hook prolog --help")]
    [TestCase("completion tcsh", "'tcsh'", "bebidactl completion --help")]
    public async Task Wrong_usage_exits_with_2_and_names_the_help(string arguments, string problem, string help)
    {
        var result = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Exits(result, 2);
        Assert.That(result.StandardOutput, Is.Empty);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: ").And.Match(problem).And.Contain(help));
    }

    [Test]
    public async Task A_cluster_name_that_Kubernetes_cannot_carry_is_wrong_usage()
    {
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "n1", "--cluster", "a b");
        Exits(result, 2);
        Assert.That(result.StandardError, Does.StartWith("bebidactl: --cluster: 'a b'"));
    }

    [TestCase("status")]
    [TestCase("decommission", "--job", "7", "--nodes", "n1")]
    public async Task Every_mistake_in_the_configuration_is_told_with_file_line_and_key(params string[] arguments)
    {
        Configure("controller:\n  deadlime: 20s\neviction:\n  force: perhaps\n");
        var result = await RunAsync(arguments);
        Exits(result, 2);
        var lines = result.StandardError.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.StartWith($"bebidactl: {Configuration}:4: controller.deadlime: "));
        Assert.That(lines[1], Does.StartWith($"bebidactl: {Configuration}:6: eviction.force: "));
    }

    [Test]
    public async Task A_configuration_that_is_missing_is_named()
    {
        foreach (var missing in new[] { PathOf("none.yaml"), "/nonexistent/bebida.yaml" })
        {
            foreach (
                var result in new[]
                {
                    await RunAsync("status", "--config", missing),
                    await RunAsync(Environment(("BEBIDA_CONFIG", missing)), "status"),
                }
            )
            {
                Exits(result, 2);
                Assert.That(result.StandardError, Does.StartWith($"bebidactl: {missing}: "));
                Assert.That(result.StandardError.TrimEnd(), Does.Not.Contain("\n"), "one line, no stack trace");
            }
        }
    }

    [Test]
    public async Task A_kubeconfig_that_is_missing_or_open_to_others_is_named_with_what_to_do()
    {
        foreach (var missing in new[] { PathOf("none"), "/nonexistent/kubeconfig" })
        {
            Configure("", missing);
            var result = await RunAsync("status");
            Exits(result, 2);
            Assert.That(result.StandardError, Does.StartWith($"bebidactl: {missing}: no such file").And.Contain("kubernetes.kubeconfig"));
        }
        Configure("");
        File.SetUnixFileMode(Server.AdminKubeconfig, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var open = await RunAsync("status");
        Exits(open, 2);
        Assert.That(open.StandardError, Does.Contain($"chmod 0600 {Server.AdminKubeconfig}"));
    }

    [TestCase("decommission")]
    [TestCase("recommission")]
    [TestCase("status")]
    [TestCase("reconcile")]
    [TestCase("hook")]
    [TestCase("hook prolog")]
    [TestCase("hook epilog")]
    [TestCase("check")]
    [TestCase("rbac")]
    [TestCase("kubeconfig")]
    [TestCase("kubeconfig create")]
    [TestCase("kubeconfig renew")]
    [TestCase("kubeconfig show")]
    [TestCase("completion")]
    public async Task Help_of_a_command_ends_with_examples_whatever_else_is_missing(string command)
    {
        foreach (var option in new[] { "--help", "-h" })
        {
            var help = await RunAsync([.. command.Split(' '), option]);
            Exits(help, 0);
            Assert.That(
                help.StandardOutput,
                Does.Match($@"Usage:\n  bebidactl {command} [\s\S]*\nExamples:\n  # [\s\S]*bebidactl {command}")
            );
            Assert.That(help.StandardError, Is.Empty);
        }
    }

    [Test]
    public async Task Help_of_the_whole_lists_the_commands()
    {
        var help = await RunAsync("--help");
        Exits(help, 0);
        foreach (
            var command in new[]
            {
                "decommission",
                "recommission",
                "status",
                "reconcile",
                "check",
                "hook",
                "rbac",
                "kubeconfig",
                "completion",
            }
        )
            Assert.That(help.StandardOutput, Does.Match($@"\n  {command}\b"));
    }

    [Test]
    public async Task The_version_is_told()
    {
        var version = await RunAsync("--version");
        Exits(version, 0);
        Assert.That(version.StandardOutput, Does.Match(@"^\d+\.\d+\.\d+"));
    }
}
