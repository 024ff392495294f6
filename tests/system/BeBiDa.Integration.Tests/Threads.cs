namespace BeBiDa.Site.Tests;

/// <summary>An API server, its nodes and the observers share this process: what the observers see must not wait for a thread.</summary>
[SetUpFixture]
internal sealed class Threads
{
    [OneTimeSetUp]
    public void HaveEnough() => ThreadPool.SetMinThreads(64, 64);
}
