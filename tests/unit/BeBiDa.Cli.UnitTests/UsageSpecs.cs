namespace BeBiDa.Tests;

public sealed class UsageSpecs : CommandLineTest
{
    [TestCase("", "Required command was not provided", "bebidactl --help")]
    [TestCase("frobnicate", "'frobnicate'", "bebidactl --help")]
    [TestCase("decommission --nodes n1", "'--job' is required", "bebidactl decommission --help")]
    [TestCase("recommission --job 7", "'--nodes' is required", "bebidactl recommission --help")]
    [TestCase("decommission --job x --nodes n1", "'x'", "bebidactl decommission --help")]
    [TestCase("decommission --job 7 --nodes n1 --output xml", "--output takes text or json", "bebidactl decommission --help")]
    [TestCase("reconcile n1", "'n1'", "bebidactl reconcile --help")]
    [TestCase("hook", "Required command was not provided", "bebidactl hook --help")]
    [TestCase("hook prolog --frobnicate", "'--frobnicate'", "bebidactl hook prolog --help")]
    [TestCase("hook prolog --manager lsf", "'lsf'[^\n]*\n[^$]*'gridengine'", "bebidactl hook prolog --help")]
    [TestCase("completion tcsh", "'tcsh'", "bebidactl completion --help")]
    [TestCase("check --role login", "--role takes controller or node", "bebidactl check --help")]
    [TestCase("kubeconfig create --duration 1m", "'1m' is not a duration of 10m or more", "bebidactl kubeconfig create --help")]
    [TestCase("kubeconfig create --credential password", "--credential takes token or certificate", "bebidactl kubeconfig create --help")]
    [TestCase("kubeconfig create --namespace Not_A_Name", "not a valid namespace name", "bebidactl kubeconfig create --help")]
    [TestCase("timeline --since yesterday", "--since takes a time .* or an age", "bebidactl timeline --help")]
    [TestCase("forecast jobs.txt --step 1m --step 2m", "--step", "bebidactl forecast --help")]
    [TestCase("forecast jobs.txt --pods 0s", "--pods takes a duration above 0", "bebidactl forecast --help")]
    [TestCase("forecast jobs.txt --pods long", "--pods takes a duration", "bebidactl forecast --help")]
    [TestCase("forecast jobs.txt --linger x", "--linger takes a duration", "bebidactl forecast --help")]
    [TestCase("forecast jobs.txt --pods-per-node 0", "--pods-per-node takes 1 to 1000", "bebidactl forecast --help")]
    [TestCase("report --since yesterday", "--since takes a time .* or an age", "bebidactl report --help")]
    [TestCase("report --by week", "--by takes day, node or partition", "bebidactl report --help")]
    [TestCase("report --output report.pdf", "--output takes text, json, csv or html, or a file", "bebidactl report --help")]
    [TestCase("record --interval 10m", "--interval takes a duration of 1s to 1m", "bebidactl record --help")]
    [TestCase("record --keep 0", "--keep takes a number of days", "bebidactl record --help")]
    public async Task Wrong_usage_exits_with_2_and_names_the_help(string arguments, string problem, string help)
    {
        var result = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Exits(result, 2);
        Assert.That(result.Output, Is.Empty);
        Assert.That(result.Error, Does.StartWith("bebidactl: ").And.Match(problem).And.Contain(help));
    }

    [Test]
    public async Task A_cluster_name_that_Kubernetes_cannot_carry_is_wrong_usage()
    {
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "n1", "--cluster", "a b", "--config", Configuration());
        Exits(result, 2);
        Assert.That(result.Error, Does.StartWith("bebidactl: --cluster: 'a b'"));
    }

    [TestCase("status")]
    [TestCase("decommission", "--job", "7", "--nodes", "n1")]
    public async Task Every_mistake_in_the_configuration_is_told_with_file_line_and_key(params string[] arguments)
    {
        var configuration = Configuration("controller:\n  deadlime: 20s\neviction:\n  force: perhaps\n");
        var result = await RunAsync([.. arguments, "--config", configuration]);
        Exits(result, 2);
        var lines = result.Error.TrimEnd().Split('\n');
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.StartWith($"bebidactl: {configuration}:4: controller.deadlime: "));
        Assert.That(lines[1], Does.StartWith($"bebidactl: {configuration}:6: eviction.force: "));
    }

    [Test]
    public async Task A_kubeconfig_that_is_missing_or_open_to_others_is_named_with_what_to_do()
    {
        foreach (var missing in new[] { PathOf("none"), "/nonexistent/kubeconfig" })
        {
            var result = await RunAsync("status", "--config", Configuration(kubeconfig: missing));
            Exits(result, 2);
            Assert.That(result.Error, Does.StartWith($"bebidactl: {missing}: no such file").And.Contain("kubernetes.kubeconfig"));
        }
        var open = Add("open", "", UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var refused = await RunAsync("status", "--config", Configuration(kubeconfig: open));
        Exits(refused, 2);
        Assert.That(refused.Error, Does.EndWith($"; run: chmod 0600 {open}\n"));
    }

    [TestCase("decommission")]
    [TestCase("recommission")]
    [TestCase("status")]
    [TestCase("timeline")]
    [TestCase("report")]
    [TestCase("record")]
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
            // The test host's name stands for the tool's.
            Assert.That(help.Output, Does.Match($@"Usage:\n  \S+ {command} [\s\S]*\nExamples:\n  # [\s\S]*bebidactl {command}"));
            Assert.That(help.Error, Is.Empty);
        }
    }

    [Test]
    public async Task Help_of_the_whole_lists_the_commands()
    {
        var help = await RunAsync("--help");
        Exits(help, 0);
        foreach (
            var command in "decommission recommission status timeline report record reconcile maintenance check hook rbac kubeconfig completion".Split(
                ' '
            )
        )
            Assert.That(help.Output, Does.Match($@"\n  {command}\b"));
    }

    [TestCase("bebidactl de", "decommission")]
    [TestCase("bebidactl re", "recommission reconcile record report")]
    [TestCase("bebidactl report --by ", "day node partition")]
    [TestCase("bebidactl report --output ", "csv html json text")]
    [TestCase("bebidactl reconcile --d", "--dry-run")]
    [TestCase("bebidactl status --out", "--output")]
    [TestCase("bebidactl status --output ", "json text")]
    [TestCase("bebidactl completion f", "fish")]
    [TestCase("bebidactl check --role ", "controller node")]
    [TestCase("bebidactl kubeconfig create --credential ", "certificate token")]
    [TestCase("bebidactl rbac --credential ", "certificate token")]
    public async Task The_tab_key_completes(string line, string expected)
    {
        var told = await RunAsync($"[suggest:{line.Length}]", line);
        Exits(told, 0);
        Assert.That(
            told.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(word => word.StartsWith(line.Split(' ')[^1], StringComparison.Ordinal)),
            Is.EquivalentTo(expected.Split(' '))
        );
    }
}
