namespace BeBiDa.Nodes.Tests;

/// <summary>The machines are started once: booting them is what takes time.</summary>
[SetUpFixture]
public sealed class SharedLab
{
    internal static ContainerLab Lab { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        if (await ContainerLab.WhyNotAsync() is { } why)
            Assert.Ignore($"Docker does not run here: {why}");
        Lab = await ContainerLab.StartAsync(NodesTest.Options);
        await NodesTest.PrepareAsync(Lab);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (Lab is not null)
            await Lab.DisposeAsync();
    }
}
