using BeBiDa.Cli.Commands;
using BeBiDa.Cli.Slurm;
using BeBiDa.Holds;

namespace BeBiDa.Tests;

/// <summary>Which cluster's hold a hand-over by hand means, where none is named.</summary>
public sealed class HandOverByHandSpecs
{
    [TestCase("ClusterName             = lab\nSlurmUser = slurm(64030)\n", "lab")]
    [TestCase("ClusterName             = (null)\n", HoldKey.DefaultCluster)]
    [TestCase(null, HoldKey.DefaultCluster)]
    public async Task It_is_slurmctlds_where_it_says_its_name(string? said, string cluster) =>
        Assert.That(
            await HandOverCommand.DefaultClusterAsync((_, _, _) => Task.FromResult(new HostCommand(said, "", said is not null)), default),
            Is.EqualTo(cluster)
        );
}
