namespace BeBiDa.Site.Tests;

/// <summary>A Slurm without the plugin that does nothing: how quick one is on this host, busy as it is.</summary>
[SetUpFixture]
internal sealed class Bystander
{
    private static readonly Lazy<Task<SlurmCluster>> Started = new(() => SlurmCluster.StartAsync(new SlurmOptions { Nodes = 1 }));

    public static Task<SlurmCluster> SlurmAsync() => Started.Value;

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        if (Started.IsValueCreated)
            await (await Started.Value).DisposeAsync();
    }
}
