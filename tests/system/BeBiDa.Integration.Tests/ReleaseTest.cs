namespace BeBiDa.Site.Tests;

/// <summary>What only some releases of Slurm do; its name says on which it was tried.</summary>
internal abstract class ReleaseTest(Version release)
{
    [OneTimeSetUp]
    public void NameTheRelease() => TestContext.Progress.WriteLine($"on Slurm {release}");
}
