namespace BeBiDa.Tests;

/// <summary>Where the tree is that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    private static string Find()
    {
        var directory = new DirectoryInfo(TestContext.CurrentContext.TestDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "BeBiDa.sln")))
            directory =
                directory.Parent ?? throw new InvalidOperationException($"no BeBiDa.sln above {TestContext.CurrentContext.TestDirectory}");
        return directory.FullName;
    }
}
