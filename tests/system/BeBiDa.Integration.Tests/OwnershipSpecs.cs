using k8s;
using k8s.Autorest;
using k8s.Models;

namespace BeBiDa.Site.Tests;

/// <summary>What belongs to others stays theirs.</summary>
internal sealed class OwnershipSpecs : SiteTest
{
    private const int Keys = 200;

    protected override SiteOptions Options => new() { Nodes = 2 };

    [Test]
    public async Task A_node_cordoned_by_an_admin_stays_cordoned_after_the_last_job()
    {
        await Site.Kubectl.RunAsync("cordon", "n1");
        try
        {
            var job = await StartJobAsync("-N2");
            await HeldAsync("n1", job);
            await CancelAsync(job);
            await Eventually.HoldsAsync("the holds are gone", Patience, async _ => (await Site.HoldsAsync()).Count == 0);
            Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n1" }));
        }
        finally
        {
            await Site.Kubectl.RunAsync("uncordon", "n1");
        }
    }

    [Test]
    public async Task A_node_that_two_jobs_share_is_free_only_after_the_second()
    {
        var first = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n1");
        var second = await StartJobAsync("-p", SlurmCluster.SharedPartition, "-w", "n1");
        await CancelAsync(first);
        await Eventually.HoldsAsync(
            "only the second holds n1",
            Patience,
            async _ => (await Site.HoldsAsync()).SequenceEqual([$"n1 lab.{second}"])
        );
        Assert.That(await Site.UnschedulableAsync(), Is.EqualTo(new[] { "n1" }));

        await CancelAsync(second);
        await Site.WaitUntilFreeAsync();
    }

    [Test]
    public async Task What_others_write_on_a_node_survives_hand_overs_at_the_same_moment()
    {
        var handOvers = Task.WhenAll(
            Enumerable
                .Range(0, 2)
                .Select(async _ =>
                {
                    for (var i = 0; i < 5; i++)
                        (await Slurm.RunAsync("srun", ["-p", SlurmCluster.SharedPartition, "-N2", "true"])).EnsureSucceeded();
                })
        );
        var edits = 0;
        for (; edits < Keys || !handOvers.IsCompleted; edits++)
            await EditAsync("n1", edits);
        await handOvers;
        await Site.WaitUntilFreeAsync();

        var node = await NodeAsync("n1");
        for (var key = 0; key < Keys; key++)
        {
            // The last edit of each key.
            var value = $"{key + ((edits - 1 - key) / Keys * Keys)}";
            Assert.That(node.Metadata.Labels, Does.ContainKey($"foreign/{key}").WithValue(value));
            Assert.That(node.Metadata.Annotations, Does.ContainKey($"foreign/{key}").WithValue(value));
        }
        Assert.That(node.Spec.Taints?.Count(taint => taint.Key.StartsWith("foreign/", StringComparison.Ordinal)), Is.EqualTo(Keys / 10));
        Assert.That(node.Metadata.Labels, Does.Not.ContainKey("bebida.io/owner"));
    }

    // A label and an annotation by patch; every tenth time a taint, as clients write those: read, change, write back.
    private async Task EditAsync(string name, int edit)
    {
        var key = $"foreign/{edit % Keys}";
        var text = $"{edit}";
        await Site.Client.CoreV1.PatchNodeAsync(
            new V1Patch(
                new
                {
                    metadata = new
                    {
                        labels = new Dictionary<string, string> { [key] = text },
                        annotations = new Dictionary<string, string> { [key] = text },
                    },
                },
                V1Patch.PatchType.MergePatch
            ),
            name
        );
        while (edit % 10 == 0 && !await TryTaintAsync(name, key, text))
        {
            // Another writer was quicker.
        }
    }

    private async Task<bool> TryTaintAsync(string name, string key, string value)
    {
        var node = await NodeAsync(name);
        node.Spec.Taints =
        [
            .. (node.Spec.Taints ?? []).Where(taint => taint.Key != key),
            new V1Taint
            {
                Key = key,
                Value = value,
                Effect = "PreferNoSchedule",
            },
        ];
        try
        {
            await Site.Client.CoreV1.ReplaceNodeAsync(node, name);
            return true;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == System.Net.HttpStatusCode.Conflict)
        {
            return false;
        }
    }
}
