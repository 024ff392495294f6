using System.Text.Json;

namespace BeBiDa.Site.Tests;

/// <summary>What an admin sees of a hand-over.</summary>
internal sealed class VisibilitySpecs : SiteTest
{
    protected override SiteOptions Options => new() { Nodes = 2 };

    [Test]
    public async Task Kubectl_describe_names_the_job_that_took_the_node_and_gave_it_back()
    {
        var job = await StartJobAsync("-w", "n1");
        await EventAsync($"SlurmDecommissioned .*Slurm job {job} of root in exclusive \\(lab\\) has taken this node");
        await CancelAsync(job);
        await EventAsync($"SlurmRecommissioned .*Slurm job {job} of root in exclusive \\(lab\\) has given this node back");
    }

    [Test]
    public async Task Bebidactl_status_shows_which_job_has_which_node()
    {
        var job = await StartJobAsync("-w", "n1");
        var table = (await Site.Tool.RunAsync("status")).EnsureSucceeded().StandardOutput;
        Assert.That(table, Does.Match($@"n1\b.*\b{job}\b"));

        var nodes = JsonDocument
            .Parse((await Site.Tool.RunAsync("status", "--output", "json")).EnsureSucceeded().StandardOutput)
            .RootElement.EnumerateArray()
            .ToDictionary(n => n.GetProperty("node").GetString()!);
        Assert.That(
            nodes["n1"].GetProperty("holds").EnumerateArray().Select(h => h.GetProperty("job").GetInt32()),
            Is.EqualTo(new[] { job })
        );
        Assert.That(nodes["n1"].GetProperty("schedulable").GetBoolean(), Is.False);
        Assert.That(nodes["n2"].GetProperty("holds").GetArrayLength(), Is.Zero);
        Assert.That(nodes["n2"].GetProperty("schedulable").GetBoolean(), Is.True);
    }

    // Events are written in the background: no job waits for them.
    private Task EventAsync(string pattern) =>
        Eventually.HoldsAsync(
            $"kubectl describe shows /{pattern}/",
            Patience,
            async _ => System.Text.RegularExpressions.Regex.IsMatch(await Site.Kubectl.RunAsync("describe", "node", "n1"), pattern)
        );
}
