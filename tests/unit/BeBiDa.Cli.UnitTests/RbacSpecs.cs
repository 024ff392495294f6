using BeBiDa.Cli.Credentials;

namespace BeBiDa.Tests;

/// <summary>The command that bebidactl prints to grant a right.</summary>
public sealed class RbacSpecs : CommandLineTest
{
    [TestCase("token", "system:serviceaccount:bebida:bebida", "--credential token")]
    [TestCase("token", "system:serviceaccount:hpc:bebida", "--credential token --namespace hpc")]
    [TestCase("certificate", "bebida", "--credential certificate")]
    [TestCase("certificate", "someone", "")]
    [TestCase("token", "", "")]
    public async Task The_command_that_grants_a_right_binds_it_to_the_identity_that_lacks_it(string kind, string identity, string options)
    {
        var credential = new Credential(Enum.Parse<CredentialKind>(kind, ignoreCase: true), identity, "", null, null);
        var manifests = ManifestOptions.Of(credential) with { RemoveNode = true, FlowControl = true };
        var command = Manifests.Command(manifests);
        Assert.That(
            command,
            Is.EqualTo($"bebidactl rbac {options}{(options.Length > 0 ? " " : "")}--remove-node --flow-control | kubectl apply -f -")
        );
        var printed = await RunAsync(command.Split(" | ")[0].Split(' ')[1..]);
        Assert.That(printed.Output, Is.EqualTo(Manifests.Text(manifests)));
    }
}
