// Declares the customers of stacks/Pulumi.<stack>.yaml and stacks/customers/<stack>/.
export * from "pulumi-ucaas-stacks";
