using NUnit.Framework;

namespace BeBiDa.Chaos.Tests;

/// <summary>An API server, its nodes and the observer share this process: what the observer sees must not wait for a thread.</summary>
[SetUpFixture]
internal sealed class Threads
{
    [OneTimeSetUp]
    public void HaveEnough() => ThreadPool.SetMinThreads(64, 64);
}
