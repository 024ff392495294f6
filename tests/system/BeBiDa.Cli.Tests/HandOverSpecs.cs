using System.Text.Json;

namespace BeBiDa.Tests;

public sealed class HandOverSpecs : ToolTest
{
    [Test]
    public async Task An_admin_takes_nodes_for_a_job_and_gives_them_back()
    {
        await RunPodAsync("a", "n1");
        await RunPodAsync("b", "n2");
        await RunPodAsync("c", "n3");

        var taken = await RunAsync("decommission", "--job", "7", "--nodes", "n1,n2", "--cluster", "lab");
        Exits(taken, 0);
        Assert.That(taken.StandardOutput, Does.Match(@"^job 7: 2 nodes decommissioned in \d+\.\d\d s, 2 pods evicted\n$"));
        Assert.That(taken.StandardError, Is.Empty);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed lab.7", "closed lab.7", "open"))
        );
        Assert.That(await PodsAsync(), Is.EqualTo(new[] { "c" }));

        var givenBack = await RunAsync("recommission", "-j", "7", "-n", "n1", "--cluster", "lab");
        Exits(givenBack, 0);
        Assert.That(givenBack.StandardOutput, Does.Match(@"^job 7: 1 node recommissioned in \d+\.\d\d s\n$"));
        Assert.That((await StateAsync("n1"), await StateAsync("n2")), Is.EqualTo(("open", "closed lab.7")));
    }

    [Test]
    public async Task A_node_that_is_no_longer_lent_is_given_back_and_not_taken()
    {
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n1", "--cluster", "lab"), 0);
        Configure("nodes: {exclude: [n1, n2]}\n");
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n2", "--cluster", "lab"), 0);
        Assert.That(await StateAsync("n2"), Is.EqualTo("open"));
        Exits(await RunAsync("recommission", "--job", "7", "--nodes", "n1", "--cluster", "lab"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
    }

    [Test]
    public async Task A_program_reads_the_result_as_JSON()
    {
        await RunPodAsync("a", "n1");
        var taken = await RunAsync(
            Environment(("SLURM_CLUSTER_NAME", "lab")),
            "decommission",
            "--job",
            "7",
            "--nodes",
            "n2,n1",
            "--output",
            "json"
        );
        Exits(taken, 0);
        using var json = JsonDocument.Parse(taken.StandardOutput);
        var result = json.RootElement;
        Assert.That(
            result.EnumerateObject().Select(p => p.Name),
            Is.EqualTo(new[] { "handOver", "job", "cluster", "outcome", "nodes", "podsEvicted", "elapsed", "problems" })
        );
        Assert.That(
            (
                result.GetProperty("handOver").GetString(),
                result.GetProperty("job").GetInt32(),
                result.GetProperty("cluster").GetString(),
                result.GetProperty("outcome").GetString()
            ),
            Is.EqualTo(("decommission", 7, "lab", "Done"))
        );
        Assert.That(result.GetProperty("nodes").EnumerateArray().Select(n => n.GetString()), Is.EqualTo(new[] { "n2", "n1" }));
        Assert.That((result.GetProperty("podsEvicted").GetInt32(), result.GetProperty("problems").GetArrayLength()), Is.EqualTo((1, 0)));
        Assert.That(result.GetProperty("elapsed").GetDouble(), Is.GreaterThan(0));
    }

    [Test]
    public async Task Nodes_are_named_as_Slurm_writes_them()
    {
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n[1-2],n3"), 0);
        Assert.That(
            (await StateAsync("n1"), await StateAsync("n2"), await StateAsync("n3")),
            Is.EqualTo(("closed cluster.7", "closed cluster.7", "closed cluster.7"))
        );
    }

    [Test]
    public async Task Without_scontrol_a_list_in_brackets_is_refused_and_one_with_commas_serves()
    {
        var noSlurm = Environment(("PATH", PathOf("")));
        var refused = await RunAsync(noSlurm, "decommission", "--job", "7", "--nodes", "n[1-2]");
        Exits(refused, 2);
        Assert.That(refused.StandardError, Does.StartWith("bebidactl: 'n[1-2]': scontrol").And.Contain("with commas"));
        Assert.That(await StateAsync("n1"), Is.EqualTo("open"));
        Exits(await RunAsync(noSlurm, "decommission", "--job", "7", "--nodes", "n1,n2"), 0);
    }

    [Test]
    public async Task Nodes_that_Kubernetes_does_not_know_are_no_failure()
    {
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "login1");
        Exits(result, 0);
        Assert.That(result.StandardOutput, Is.EqualTo("job 7: nothing to do: Kubernetes knows none of its nodes\n"));
    }

    [TestCase("decommission")]
    [TestCase("recommission")]
    public async Task A_Kubernetes_that_is_down_fails_the_command_at_the_deadline_with_its_address(string command)
    {
        Configure(ShortDeadlines);
        await Server.StopAsync();
        var result = await RunAsync(command, "--job", "7", "--nodes", "n1");
        Exits(result, 1);
        Assert.That(result.StandardOutput, Does.StartWith($"job 7: {command} failed after"));
        Assert.That(result.StandardError, Does.Contain(Server.Url.Authority));
    }

    [Test]
    public async Task A_failure_is_told_in_JSON_too()
    {
        Configure(ShortDeadlines);
        await Server.StopAsync();
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "n1", "-o", "json");
        Exits(result, 1);
        using var json = JsonDocument.Parse(result.StandardOutput);
        Assert.That(json.RootElement.GetProperty("outcome").GetString(), Is.EqualTo("Failed"));
        Assert.That(json.RootElement.GetProperty("problems").GetArrayLength(), Is.GreaterThan(0));
    }

    [Test]
    public async Task A_pod_that_the_configuration_keeps_fails_the_command_and_is_named()
    {
        Configure("eviction: {force: false}\n");
        await RunPodAsync("bare", "n1");
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "n1");
        Exits(result, 1);
        Assert.That(result.StandardError, Does.Contain("pod default/bare on node n1").And.Contain("eviction.force"));
    }

    [Test]
    public async Task A_credential_plugin_is_run()
    {
        Server.AddToken("from-a-plugin", "bebida", "system:masters");
        var plugin = Add(
            "plugin.sh",
            """
            #!/bin/sh
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-a-plugin"}}'

            """,
            UnixFileMode.UserRead | UnixFileMode.UserExecute
        );
        var kubeconfig = Server.WriteTokenKubeconfig("none");
        await File.WriteAllTextAsync(
            kubeconfig,
            (await File.ReadAllTextAsync(kubeconfig)).Replace(
                "    token: none",
                $"    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: {plugin}\n      interactiveMode: Never",
                StringComparison.Ordinal
            )
        );
        Configure("", kubeconfig);
        Exits(await RunAsync("decommission", "--job", "7", "--nodes", "n1"), 0);
        Assert.That(await StateAsync("n1"), Is.EqualTo("closed cluster.7"));
    }

    [Test]
    public async Task Verbose_tells_what_is_done_and_no_secret()
    {
        Server.AddToken("a-very-secret-token", "bebida", "system:masters");
        Configure("", Server.WriteTokenKubeconfig("a-very-secret-token"));
        await RunPodAsync("a", "n1");
        var result = await RunAsync("decommission", "--job", "7", "--nodes", "n1", "--verbose");
        Exits(result, 0);
        Assert.That(result.StandardError, Does.Contain("node n1: pod default/a has left"));
        Assert.That(result.StandardError + result.StandardOutput, Does.Not.Contain("secret"));

        Server.RevokeToken("a-very-secret-token");
        Configure(ShortDeadlines, Server.WriteTokenKubeconfig("a-very-secret-token"));
        var refused = await RunAsync("decommission", "--job", "8", "--nodes", "n1", "--verbose");
        Exits(refused, 1);
        Assert.That(refused.StandardError, Does.Contain("401"));
        Assert.That(refused.StandardError + refused.StandardOutput, Does.Not.Contain("secret"));
    }
}
